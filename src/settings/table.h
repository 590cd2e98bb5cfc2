// The table of our configuration keys. A row in table*.cc is all that a new key needs, beside the member that it fills
// in settings.h; then `vf config keys --markdown > docs/configuration.md`. Any thread may read it.
#pragma once

#include "config/table.h"

namespace vf::settings {

/// How many sections a configuration may name. Each target costs two threads (its worker and its lease), a lease and a
/// poll: with thousands the intake would get no processor time.
inline constexpr size_t kSourcesMax = 256, kTargetsMax = 256, kEnvironmentsMax = 64;

const config::Table& table();

}  // namespace vf::settings
