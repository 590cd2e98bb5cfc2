// Seconds: durations as the metrics tell them. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>

namespace vf {

/// In no other unit between: a provider's time may be centuries away, which nanoseconds do not hold.
inline double seconds(std::chrono::duration<double> t) { return t.count(); }

/// Between two moments of different clocks: below zero is none.
inline double lag_seconds(std::chrono::duration<double> t) { return std::max(seconds(t), 0.0); }

}  // namespace vf
