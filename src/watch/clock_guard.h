// ClockGuard: decides whether work that cannot be undone (retention, purge, detachment) may follow a reading of a wall
// clock. One reading proves nothing: NTP, a restored virtual machine or a failed battery may move the clock by weeks,
// for seconds or for good. So the wall clock must have agreed with the steady clock for a whole hour. A state machine
// without a clock of its own. Single-threaded; watch/trusted_time.h makes it usable by several threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace vf::watch {

struct ClockLimits {
  /// The clocks have moved differently if they differ by more than this within the span below.
  Millis jump{60'000};
  /// For so long the clocks must have agreed, counted from the first reading or from the last jump.
  Millis agreement{3'600'000};
};

class ClockGuard {
 public:
  /// A wall clock and the steady clock, read together.
  struct Reading {
    Instant wall;
    SteadyTime steady;
  };
  /// What the store says about the time before this process began.
  struct Kept {
    Instant newest;  // receipt of the newest event kept
    Millis span;     // how long events are kept; when all of them seem to be older than that, the clock is in doubt
  };

  explicit ClockGuard(std::optional<Kept> kept = {}, ClockLimits limits = {}) : kept_(kept), limits_(limits) {}

  /// Takes a reading. Returns whether work that cannot be undone may follow it.
  bool may_act(Reading reading);

  /// Why the clock is in doubt, with what it means and what to do; empty: no jump was seen, and the first reading is
  /// plausible. Not empty only while is_holding_back().
  std::string doubt() const;
  /// True: may_act() refused the last reading, or there was none.
  bool is_holding_back() const { return is_holding_back_; }
  /// How many jumps were seen.
  int64_t jumps() const { return jumps_; }

 private:
  void begin(Reading first);
  void jumped(Reading reading, Millis by);

  const std::optional<Kept> kept_;
  const ClockLimits limits_;
  std::optional<Reading> since_;  // the clocks agree since this reading, the newest that begins an hour
  bool is_holding_back_ = true;
  int64_t jumps_ = 0;
  std::string doubt_;
};

}  // namespace vf::watch
