// Seconds: durations as a number of seconds, for metrics and messages. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>

namespace vf {

/// Converts a duration of any unit to seconds. It does not convert to nanoseconds first, which would overflow: a
/// provider's time may be centuries away.
inline double seconds(std::chrono::duration<double> t) { return t.count(); }

/// The longest lag that a metric is given. It is far above every bucket's bound.
inline constexpr std::chrono::days kLagMax{7};

/// As seconds(), but from 0 to kLagMax. For the lag between times of two clocks, which may disagree: one event of the
/// year 1 would outweigh all others in a metric's sum for years.
inline double lag_seconds(std::chrono::duration<double> t) { return std::clamp(seconds(t), 0.0, seconds(kLagMax)); }

}  // namespace vf
