// A Pace with a clock and requests by number. Test code, single-threaded.
#pragma once

#include <gtest/gtest.h>

#include <chrono>

#include "retry/pace.h"

namespace vf::retry {

using namespace std::chrono_literals;

inline constexpr SteadyTime kTick{1};

inline const Outcome kDelivered{.delivered = true, .status = 200};
inline const Outcome kFailed{.status = 500};

inline Outcome retry_after(Millis delay, int status = 503) { return {.status = status, .retry_after = delay}; }

struct PaceTest : testing::Test {
  PaceTest() { make({.window_max = 8, .events_max = 100, .first = 1s, .longest = 60s}); }

  void make(const Params& with) {
    params = with;
    pace.emplace(params, random);
  }
  uint64_t begin(Kind kind = Kind::fresh) {
    pace->began(++last_request, kind, now);
    return last_request;
  }
  void end(uint64_t request, const Outcome& outcome) { pace->ended(request, outcome, now); }
  void request(const Outcome& outcome, Kind kind = Kind::fresh) { end(begin(kind), outcome); }
  void requests(int count, const Outcome& outcome, Kind kind = Kind::fresh) {
    for (int i = 0; i < count; ++i) request(outcome, kind);
  }
  void open_window() { requests(static_cast<int>(params.window_max), kDelivered); }
  /// Fills the window with requests of this kind; returns how many it took.
  int fill(Kind kind) {
    int sent = 0;
    for (; kind == Kind::alone ? pace->may_send_alone(now) : pace->may_send(now); ++sent) begin(kind);
    return sent;
  }
  void wait_for_probe() { now = pace->retry_at().value(); }

  Params params;
  SeededRandom random{1};
  std::optional<Pace> pace;
  SteadyTime now{0};
  uint64_t last_request = 0;
};

}  // namespace vf::retry
