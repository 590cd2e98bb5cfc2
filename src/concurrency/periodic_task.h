// PeriodicTask: a thread that runs a step and then pauses for the time that the step returned, until stop() is called.
// Only one thread may call stop().
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "platform/thread_name.h"

namespace vf::concurrency {

class PeriodicTask {
 public:
  /// Does the work and returns how long to pause before the next step. Runs on the PeriodicTask's own thread, for the
  /// first time after `first_pause`.
  using Step = std::function<std::chrono::milliseconds()>;

  /// `name` is the name of the thread.
  PeriodicTask(std::string name, std::chrono::milliseconds first_pause, Step step)
      : thread_(platform::named_thread(std::move(name),
                                       [this, first_pause, step = std::move(step)](const std::stop_token& stop) {
                                         for (auto pause = first_pause; wait(stop, pause);) pause = step();
                                       })) {}

  /// Ends the pause, or waits for the step in progress; then the thread has ended.
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  bool wait(const std::stop_token& stop, std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, pause, [] { return false; });
    return !stop.stop_requested();
  }

  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::jthread thread_;  // the last member: the thread uses the others
};

}  // namespace vf::concurrency
