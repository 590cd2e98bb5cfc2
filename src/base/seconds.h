// Seconds: durations as metrics and messages show them. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>

namespace vf {

/// Takes any unit without converting it to nanoseconds, which would overflow: a provider's time may be centuries away.
inline double seconds(std::chrono::duration<double> t) { return t.count(); }

/// The lag between two moments of different clocks: 0 where their difference makes it negative.
inline double lag_seconds(std::chrono::duration<double> t) { return std::max(seconds(t), 0.0); }

}  // namespace vf
