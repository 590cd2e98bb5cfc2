// TickTime: the time that decides which ticks are due. It follows the store's clock; while that clock is in doubt it
// runs on by the steady clock from the last reading that was not, so that a clock which jumps ahead for a moment makes
// no job catch up with ticks that never passed. Single-threaded.
#pragma once

#include <optional>

#include "base/time.h"

namespace vf::jobs {

class TickTime {
 public:
  struct Reading {
    Instant wall;
    bool in_doubt = false;  // the clock has not agreed with the steady clock for an hour since it jumped
  };

  void take(Reading reading, SteadyTime now) {
    if (base_ && !base_->in_doubt && reading.in_doubt) return;
    base_ = {reading.wall, now, reading.in_doubt};
  }
  /// Returns the time now; nullopt: the clock was never read.
  std::optional<Instant> at(SteadyTime now) const {
    if (!base_) return std::nullopt;
    return base_->wall + std::chrono::floor<Millis>(now - base_->steady);
  }

  /// True: no reading was free of doubt.
  bool is_in_doubt() const { return base_ && base_->in_doubt; }

 private:
  struct Base {
    Instant wall;
    SteadyTime steady;
    bool in_doubt;
  };
  std::optional<Base> base_;
};

}  // namespace vf::jobs
