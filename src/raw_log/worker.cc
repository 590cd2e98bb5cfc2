#include "raw_log/worker.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <utility>
#include <vector>

#include "platform/thread_name.h"

namespace vf::raw_log {

// Mailbox: holds what other threads leave for the worker's thread: completions of writes, wake-ups, and when to end.
class Worker::Mailbox final : public outbox::Mailbox {
 public:
  struct Letters {
    std::vector<std::move_only_function<void()>> completions;
    std::optional<SteadyTime> stop_at;
  };

  bool post(std::move_only_function<void()> completion) override {
    const std::lock_guard lock(mutex_);
    completions_.push_back(std::move(completion));
    changed_.notify_one();
    return true;
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void stop(SteadyTime at) {
    const std::lock_guard lock(mutex_);
    stop_at_ = at;
    woken_ = true;
    changed_.notify_one();
  }
  Letters wait(Millis at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return woken_ || !completions_.empty(); });
    woken_ = false;
    return {std::exchange(completions_, {}), stop_at_};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::move_only_function<void()>> completions_;
  std::optional<SteadyTime> stop_at_;
  bool woken_ = false;
};

Worker::Worker(Params params)
    : clock_(params.clock),
      random_(params.seed),
      mailbox_(std::make_shared<Mailbox>()),
      writer_(params.writer, mailbox_),
      feeder_(
          {.outbox = params.outbox, .writer = writer_, .lake = params.lake, .clock = params.clock, .random = random_},
          std::move(params.feeder)),
      thread_(platform::named_thread("raw-log", [this] { run(); })) {}

void Worker::run() {
  for (Millis wait{0};;) {
    auto letters = mailbox_->wait(wait);
    for (auto& completion : letters.completions) completion();
    if (letters.stop_at) {
      feeder_.hurry();
      if (clock_.steady() >= *letters.stop_at) return;
    }
    wait = feeder_.step();
    {
      const std::lock_guard lock(mutex_);
      status_ = feeder_.status();
    }
    if (letters.stop_at) {
      if (feeder_.is_caught_up()) return;
      wait = std::min(wait, std::chrono::ceil<Millis>(*letters.stop_at - clock_.steady()));
    }
  }
}

void Worker::wake() { mailbox_->wake(); }

FeederStatus Worker::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Worker::drain(Millis at_most) {
  const std::lock_guard lock(draining_);
  mailbox_->stop(clock_.steady() + at_most);
  if (thread_.joinable()) thread_.join();
}

}  // namespace vf::raw_log
