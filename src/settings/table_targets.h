// Adds the keys under "targets" to the table of keys. They fill structs of src/fanout, whose defaults are the keys'
// defaults. Used while the table is built.
#pragma once

#include "settings/rows.h"

namespace vf::settings {

void add_targets(Keys& keys);

}  // namespace vf::settings
