// Changes: counts the changes of one listener that are under way, so that a change with a precondition can be made
// while no other is: nothing then changes between the check and the change. Thread safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

#include "base/time.h"

namespace vf::api {

class Changes {
 public:
  /// A change that is under way until the last copy of this pointer is gone.
  using Ticket = std::shared_ptr<void>;
  static Ticket begin(const std::shared_ptr<Changes>& changes) {
    {
      const std::lock_guard lock(changes->mutex_);
      ++changes->under_way_;
    }
    return {nullptr, [changes](void*) { changes->end(); }};
  }

  /// Waits until no change is under way. Returns false on timeout.
  bool wait_until_none(Millis at_most) {
    std::unique_lock lock(mutex_);
    return none_.wait_for(lock, at_most, [this] { return under_way_ == 0; });
  }

 private:
  void end() {
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) none_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable none_;
  size_t under_way_ = 0;
};

}  // namespace vf::api
