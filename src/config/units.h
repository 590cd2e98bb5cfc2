// Durations and sizes as operators write them: 250ms 30s 5m 1h 7d, 512B 64KiB 1MiB 2GiB. Each is one whole number and
// one unit. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace vf::config {

/// Reads a duration of 0 to 36,500 days. Error `invalid`: the message shows the accepted forms.
Result<Millis> parse_duration(std::string_view text);
/// Returns the shortest exact form: 90000 ms is "90s", 3600000 ms is "1h".
std::string format_duration(Millis duration);

/// Reads a size of up to 1 PiB and returns its bytes. Error `invalid`: the message shows the accepted forms.
Result<int64_t> parse_size(std::string_view text);
std::string format_size(int64_t bytes);

}  // namespace vf::config
