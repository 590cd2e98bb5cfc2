// The table of the hub's configuration keys. To add a key, add a member in settings.h and a row in table*.cc, and run
// `vf config keys --markdown > docs/configuration.md`. Any thread may read the table.
#pragma once

#include "config/table.h"

namespace vf::settings {

/// Bounds on the numbers of named sections. Each target costs two threads (its worker and its lease), a lease and a
/// poll: with thousands of targets the intake would get no processor time.
inline constexpr size_t kSourcesMax = 256, kTargetsMax = 256, kEnvironmentsMax = 64, kTokensMax = 64;

const config::Table& table();

}  // namespace vf::settings
