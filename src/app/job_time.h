// What the tables of jobs need of clock and chance.
#pragma once

#include <functional>
#include <string_view>

#include "base/time.h"
#include "jobs/tick_time.h"
#include "watch/trusted_time.h"

namespace vf::app {

/// Returns the function by which a runner reads the time of a store's clock.
inline std::function<Result<jobs::TickTime::Reading>()> tick_time(watch::TrustedTime& time) {
  return [&time]() -> Result<jobs::TickTime::Reading> {
    VF_ASSIGN(const auto reading, time.reading());
    return jobs::TickTime::Reading{.wall = reading.wall, .in_doubt = reading.in_doubt};
  };
}

/// Returns a seed that differs from process to process and from name to name.
inline uint64_t chance(const Clock& clock, std::string_view name) {
  return std::hash<std::string_view>{}(name) ^ static_cast<uint64_t>(clock.steady().count()) ^
         (static_cast<uint64_t>(unix_millis(clock.now())) << 20);
}

}  // namespace vf::app
