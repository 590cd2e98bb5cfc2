// Leased: runs a consumer's worker in this process while the process holds the consumer's lease. A thread of its own
// asks for the lease, starts the worker and stops it. One thread calls drain(); any thread may make the other calls.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "concurrency/periodic_task.h"
#include "outbox/committer.h"
#include "outbox/lease_keeper.h"

namespace vf::outbox {

template <class Worker>
class Leased final : public Follower {
 public:
  /// Starts a worker. It writes through the given Writer, which outlives it.
  using Start = std::function<std::unique_ptr<Worker>(Writer&)>;

  Leased(const outbox::LeaseKeeper::Params& lease, Start start)
      : writer_(lease.writer),
        keeper_(lease),
        start_(std::move(start)),
        thread_("lease:" + lease.name, Millis{0}, [this] { return step(); }) {}
  ~Leased() override { drain(Millis{0}); }

  /// Returns the worker; nullptr while this process does not hold the lease.
  std::shared_ptr<Worker> worker() const {
    const std::lock_guard lock(mutex_);
    return worker_;
  }
  /// Waits up to `at_most` for the worker to start. Returns false on timeout, or when drain() is called first.
  bool wait_for_worker(Millis at_most) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return worker_ || draining_; });
    return worker_ != nullptr;
  }
  std::string holder() const { return keeper_.holder(); }
  /// Wakes the worker, if it runs in this process and has a wake() of its own.
  void wake(Position newest) override {
    if constexpr (requires(Worker& running) { running.wake(newest); }) {
      if (const auto running = worker()) running->wake(newest);
    }
  }

  /// Drains the worker for at most this long, ends the thread and releases the lease.
  void drain(Millis at_most) {
    {
      const std::lock_guard lock(mutex_);
      draining_ = true;
    }
    changed_.notify_all();
    if (const auto running = worker()) running->drain(at_most);
    thread_.stop();
    keeper_.release();
  }

 private:
  // A worker and the writer that it uses. The writer comes first, so that it outlives the worker.
  struct Running {
    Running(int64_t epoch, Writer& next) : writer(epoch, next) {}
    LeasedWriter writer;
    std::unique_ptr<Worker> worker;
  };
  static constexpr Millis kPoll{250};  // how often the term is checked at least

  Millis step() {
    const Millis pause = keeper_.step();
    const auto epoch = keeper_.epoch();
    if (worker_ && epoch != epoch_) stop();
    if (epoch && !worker_ && !is_draining()) start(*epoch);
    return std::min(pause, kPoll);
  }

  bool is_draining() const {
    const std::lock_guard lock(mutex_);
    return draining_;
  }

  // Starts the worker without the lock, which the committer takes after every commit to wake it.
  void start(int64_t epoch) {
    auto running = std::make_shared<Running>(epoch, writer_);
    running->worker = start_(running->writer);
    std::shared_ptr<Worker> begun(running, running->worker.get());
    {
      const std::lock_guard lock(mutex_);
      if (!draining_) {
        worker_ = std::move(begun);
        epoch_ = epoch;
        changed_.notify_all();
        return;
      }
    }
    begun->drain(Millis{0});
  }

  void stop() {
    std::shared_ptr<Worker> ended;
    {
      const std::lock_guard lock(mutex_);
      if (draining_) return;
      ended = std::exchange(worker_, nullptr);
    }
    ended->drain(Millis{0});
  }

  Writer& writer_;
  outbox::LeaseKeeper keeper_;
  const Start start_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<Worker> worker_;  // changed only by thread_
  std::optional<int64_t> epoch_;    // the worker's; used only by thread_
  bool draining_ = false;
  concurrency::PeriodicTask thread_;  // last: uses the other members
};

}  // namespace vf::outbox
