// Adds the keys under "sources" to the table of keys. Used while the table is built.
#pragma once

#include "settings/rows.h"

namespace vf::settings {

void add_sources(Keys& keys);

}  // namespace vf::settings
