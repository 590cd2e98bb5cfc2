// Seconds: durations as a number of seconds, for metrics and messages. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>

namespace vf {

/// Converts a duration of any unit to seconds. It does not convert to nanoseconds first, which would overflow: a
/// provider's time may be centuries away.
inline double seconds(std::chrono::duration<double> t) { return t.count(); }

/// As seconds(), but returns 0 for a negative duration. For the lag between times of two clocks, which may disagree.
inline double lag_seconds(std::chrono::duration<double> t) { return std::max(seconds(t), 0.0); }

}  // namespace vf
