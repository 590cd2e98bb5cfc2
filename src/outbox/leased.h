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
  /// Workers are started by `start` from now on. A worker that runs is drained for a second or two, then another takes
  /// its place; the lease stays here.
  void replace(Start start) {
    const std::lock_guard lock(mutex_);
    replacement_ = std::move(start);
  }
  /// Waits up to `at_most` until the worker that replace() announced has taken its place, or none runs here.
  bool wait_for_replacement(Millis at_most) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return draining_ || !is_waiting_for_replacement(); });
    return !is_waiting_for_replacement();
  }
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
  bool is_waiting_for_replacement() const { return replacement_ || is_replacing_; }  // the caller has locked mutex_

  // A worker and the writer that it uses. The writer comes first, so that it outlives the worker.
  struct Running {
    Running(int64_t epoch, Writer& next) : writer(epoch, next) {}
    LeasedWriter writer;
    std::unique_ptr<Worker> worker;
  };
  static constexpr Millis kPoll{250};  // how often the term is checked at least
  // The lease is not renewed meanwhile: shorter than what is left of a term that is due to be renewed.
  static constexpr Millis kReplaceDrain{1'500};

  Millis step() {
    const Millis pause = keeper_.step();
    const auto epoch = keeper_.epoch();
    auto replacement = take_replacement();
    if (worker_ && epoch != epoch_) stop(Millis{0});
    if (worker_ && replacement) stop(kReplaceDrain);
    if (replacement) start_ = std::move(*replacement);
    if (epoch && !worker_ && !is_draining()) start(*epoch);
    if (replacement) replaced();
    return std::min(pause, kPoll);
  }

  bool is_draining() const {
    const std::lock_guard lock(mutex_);
    return draining_;
  }

  std::optional<Start> take_replacement() {
    const std::lock_guard lock(mutex_);
    is_replacing_ = replacement_.has_value();
    return std::exchange(replacement_, std::nullopt);
  }

  void replaced() {
    {
      const std::lock_guard lock(mutex_);
      is_replacing_ = false;
    }
    changed_.notify_all();
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

  void stop(Millis at_most) {
    std::shared_ptr<Worker> ended;
    {
      const std::lock_guard lock(mutex_);
      if (draining_) return;
      ended = std::exchange(worker_, nullptr);
    }
    ended->drain(at_most);
  }

  Writer& writer_;
  outbox::LeaseKeeper keeper_;
  Start start_;  // used only by thread_
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<Worker> worker_;  // changed only by thread_
  std::optional<int64_t> epoch_;    // the worker's; used only by thread_
  bool draining_ = false;
  std::optional<Start> replacement_;
  bool is_replacing_ = false;
  concurrency::PeriodicTask thread_;  // last: uses the other members
};

}  // namespace vf::outbox
