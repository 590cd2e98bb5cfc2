// ReconciliationService: reconciles the raw log with the outbox in rounds, in the process that holds the lease for it,
// and in this process when an operator asks for it. Constructor and drain() by one thread, the rest by any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "outbox/leased.h"
#include "raw_log/reconciler.h"
#include "watch/store_clock.h"

namespace vf::raw_log {

/// The rounds, on a thread of their own from construction to drain().
class ReconciliationRounds {
 public:
  explicit ReconciliationRounds(Reconciler::Params params)
      : reconciler_(std::move(params)), thread_("reconcile", kFirstPause, [this] { return reconciler_.step(); }) {}
  ReconcilerStatus status() const { return reconciler_.status(); }
  /// A round under way ends without a result.
  void drain(Millis) {
    reconciler_.stop();
    thread_.stop();
  }

 private:
  static constexpr Millis kFirstPause{30'000};  // leaves a process that starts its time for other work

  Reconciler reconciler_;
  concurrency::PeriodicTask thread_;  // last: uses the other
};

class ReconciliationService {
 public:
  struct Params {
    obs::Services services;
    store::OutboxStore& outbox;
    lake::RawLog& lake;
    outbox::Writer& writer;
    outbox::LeaseKeeper::Params lease;
    std::vector<std::string> sources;  // as configured
  };
  explicit ReconciliationService(Params params);
  ~ReconciliationService() { drain(Millis{0}); }

  /// Starts a run for an operator. Errors: conflict (one is under way), unavailable (after drain()).
  Result<void> start(const ReconciliationRequest& request);
  /// Of the run that start() began last.
  ReconciliationStatus status() const;

  /// Reports the rounds: metrics, and the health check "raw log reconciliation".
  void publish();

  /// A run and a round under way end without a result.
  void drain(Millis at_most);

 private:
  void run(const ReconciliationRequest& request);
  ReconcilerStatus rounds() const;

  const Params params_;
  const ReconciliationPorts ports_;
  const watch::StoreClock clock_;  // hours are hours of receipt, by the store's clock
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  ReconciliationStatus status_;
  std::jthread running_;
  std::unique_ptr<outbox::Leased<ReconciliationRounds>> rounds_;
};

}  // namespace vf::raw_log
