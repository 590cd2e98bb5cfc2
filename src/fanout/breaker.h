// Breaker: decides how many requests a target may have in flight (the window). Every success widens the window by one
// request. After a failure no request is sent: the breaker backs off (exponentially with full jitter, honouring
// Retry-After), lets one probe through and, when that succeeds, begins again with a window of one. Uses the steady
// clock; single-threaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace vf::fanout {

class Breaker {
 public:
  struct Params {
    size_t window_max = 4;
    Millis backoff_first{500};
    Millis backoff_max{60'000};
    Millis retry_after_max{3'600'000};  // a longer Retry-After is cut to this
  };
  Breaker(Params params, Random& random) : params_(params), random_(random) {}

  /// May one more request be sent while `in_flight` are under way?
  bool may_send(SteadyTime now, size_t in_flight) const;
  void sent();
  /// The target answered a request, and the answer is no target failure.
  void succeeded();
  void failed(SteadyTime now, std::optional<Millis> retry_after);

  bool closed() const { return failures_ == 0; }
  int failures() const { return failures_; }  // in a row
  size_t window() const { return window_; }
  /// Returns when the next probe may be sent; nullopt while the breaker is closed.
  std::optional<SteadyTime> retry_at() const { return closed() ? std::nullopt : std::optional(retry_at_); }

 private:
  SteadyTime backoff();

  Params params_;
  Random& random_;
  size_t window_ = 1;
  int failures_ = 0;
  bool probing_ = false;
  SteadyTime retry_at_{0};
};

}  // namespace vf::fanout
