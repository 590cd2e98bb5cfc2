// StoreTrouble: what a store refused lately, although it may answer a ping: a missing right, a renamed table. Readiness
// tells it for kTroubleTold. Time is the steady clock's. Thread safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

namespace vf::watch {

/// For how long after the last failure; providers and the fan-out try again more often than that.
inline constexpr Millis kTroubleTold{10'000};

class StoreTrouble {
 public:
  void failed(std::string reason, std::chrono::nanoseconds now) {
    const std::lock_guard lock(mutex_);
    last_ = Failure{std::move(reason), now};
    is_told_ = true;
  }
  /// What failed works again. Cheap, may be called for every event.
  void succeeded() {
    if (!is_told_) return;
    const std::lock_guard lock(mutex_);
    last_.reset();
    is_told_ = false;
  }
  /// Empty: nothing failed lately.
  std::string reason(std::chrono::nanoseconds now) const {
    const std::lock_guard lock(mutex_);
    return last_ && now - last_->at < kTroubleTold ? last_->reason : std::string{};
  }

 private:
  struct Failure {
    std::string reason;
    std::chrono::nanoseconds at;
  };
  mutable std::mutex mutex_;
  std::optional<Failure> last_;
  std::atomic<bool> is_told_{false};
};

}  // namespace vf::watch
