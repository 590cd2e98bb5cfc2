// The table of keys: what is under "sources". Used while the table is built.
#pragma once

#include "settings/rows.h"

namespace vf::settings {

void add_sources(Keys& keys);

}  // namespace vf::settings
