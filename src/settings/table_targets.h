// The table of keys: what is under "targets". Fills fanout's own structs, whose defaults are the keys' defaults. Used
// while the table is built.
#pragma once

#include "settings/rows.h"

namespace vf::settings {

void add_targets(Keys& keys);

}  // namespace vf::settings
