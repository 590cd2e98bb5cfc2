// Replaceable: a value that is read while it is replaced as a whole. Whoever has got one keeps it as long as it needs.
// Thread safe.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace vf::concurrency {

template <class T>
class Replaceable {
 public:
  Replaceable() = default;
  explicit Replaceable(std::shared_ptr<T> first) : value_(std::move(first)) {}

  std::shared_ptr<T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void replace(std::shared_ptr<T> next) {
    const std::lock_guard lock(mutex_);
    value_.swap(next);  // the old one is freed without the lock
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> value_;
};

}  // namespace vf::concurrency
