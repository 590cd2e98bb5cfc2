// StoreBackoff: keeps the dispatcher from calling the store for half a second after a failed call, and puts the failure
// into the target's status. Single-threaded.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "fanout/status.h"

namespace vf::fanout {

class StoreBackoff {
 public:
  StoreBackoff(const Clock& clock, Status& status) : clock_(clock), status_(status) {}

  bool may_call() const { return clock_.steady() >= retry_at_; }
  SteadyTime retry_at() const { return retry_at_; }

  void failed(const Error& error) {
    retry_at_ = clock_.steady() + kPause;
    status_.last_error = "store: " + error.message;
    status_.last_error_at = clock_.now();
  }

 private:
  static constexpr Millis kPause{500};

  const Clock& clock_;
  Status& status_;
  SteadyTime retry_at_{0};
};

}  // namespace vf::fanout
