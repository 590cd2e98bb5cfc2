// Test support: waits, up to a deadline, until another thread has made a condition true. Any thread may call it.
#pragma once

#include <chrono>
#include <thread>

namespace vf {

/// Polls until the condition holds. Returns false when it does not hold within 30 s.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace vf
