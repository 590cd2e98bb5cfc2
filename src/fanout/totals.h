// Totals: what has happened at one target in this process, over all workers that it had here one after another. A new
// worker, after a reload or with a new lease, goes on counting where the last one ended. Thread safe.
#pragma once

#include <mutex>

#include "fanout/status.h"

namespace vf::fanout {

class Totals {
 public:
  /// A worker begins; the one before it reports no more.
  void begin() {
    const std::lock_guard lock(mutex_);
    earlier_ += current_;
    current_ = {};
  }
  /// Takes what the worker that began last has counted so far.
  void report(const Counts& counts) {
    const std::lock_guard lock(mutex_);
    current_ = counts;
  }
  Counts get() const {
    const std::lock_guard lock(mutex_);
    Counts all = earlier_;
    return all += current_;
  }

 private:
  mutable std::mutex mutex_;
  Counts earlier_, current_;
};

}  // namespace vf::fanout
