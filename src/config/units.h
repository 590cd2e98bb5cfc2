// Durations and sizes as people write them: 250ms 30s 5m 1h 7d, 512B 64KiB 1MiB 2GiB. One whole number and one unit.
// The standard library only; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace vf::config {

/// Error `invalid` shows the accepted forms. Never negative; up to 36,500 days.
Result<Millis> parse_duration(std::string_view text);
/// The shortest exact form: 90000 ms is "90s", 3600000 ms is "1h".
std::string format_duration(Millis duration);

/// Bytes. Error `invalid` shows the accepted forms; up to 1 PiB.
Result<int64_t> parse_size(std::string_view text);
std::string format_size(int64_t bytes);

}  // namespace vf::config
