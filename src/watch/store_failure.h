// StoreFailure: remembers the last statement that a store failed, for example because of a missing right or a renamed
// table, although it may still answer a ping. The process is not ready for kReportedFor after the failure. Thread safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

namespace vf::watch {

/// How long a failure is reported; providers and the fan-out try again more often than that.
inline constexpr Millis kReportedFor{10'000};

class StoreFailure {
 public:
  void failed(std::string reason, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    last_ = Failure{std::move(reason), now};
    has_failed_ = true;
  }
  /// Notes that the store works. Cheap enough to call for every event.
  void succeeded() {
    if (!has_failed_) return;
    const std::lock_guard lock(mutex_);
    last_.reset();
    has_failed_ = false;
  }
  /// Returns the reason of the last failure; empty: it is older than kReportedFor, or the store has worked since.
  std::string reason(SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    return last_ && now - last_->at < kReportedFor ? last_->reason : std::string{};
  }

 private:
  struct Failure {
    std::string reason;
    SteadyTime at;
  };
  mutable std::mutex mutex_;
  std::optional<Failure> last_;
  std::atomic<bool> has_failed_{false};
};

}  // namespace vf::watch
