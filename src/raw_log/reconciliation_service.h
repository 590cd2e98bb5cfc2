// ReconciliationService: reconciles the raw log with the outbox in rounds while this process holds the lease for it,
// and in a single run, here in any case, when an operator asks for one. One thread constructs it and calls drain(); any
// thread may make the other calls.
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

/// Runs the rounds on a thread of its own, from construction to drain().
class ReconciliationRounds {
 public:
  explicit ReconciliationRounds(Reconciler::Params params)
      : reconciler_(params), thread_("reconcile", kFirstPause, [this] { return reconciler_.step(); }) {}
  ReconcilerStatus status() const { return reconciler_.status(); }
  /// Ends the rounds; a round under way ends without a result.
  void drain(Millis) {
    reconciler_.stop();
    thread_.stop();
  }

 private:
  static constexpr Millis kFirstPause{30'000};  // lets a process that starts do its other work first

  Reconciler reconciler_;
  concurrency::PeriodicTask thread_;  // last: uses reconciler_
};

class ReconciliationService {
 public:
  struct Params {
    obs::Services services;
    store::OutboxStore& outbox;
    lake::RawLog& lake;
    outbox::Writer& writer;
    outbox::LeaseKeeper::Params lease;
    std::vector<std::string> sources;  // names of the configured sources
  };
  explicit ReconciliationService(Params params);
  ~ReconciliationService() { drain(Millis{0}); }

  /// Starts a run for an operator. Error `conflict`: a run is under way. Error `unavailable`: drain() has been called.
  Result<void> start(const ReconciliationRequest& request);
  /// Returns the status of the run that start() began last.
  ReconciliationStatus status() const;

  /// Publishes the metrics of the rounds and adds the health check "raw log reconciliation".
  void publish();

  /// Ends runs and rounds; those under way end without a result.
  void drain(Millis at_most);

 private:
  void run(const ReconciliationRequest& request);
  ReconcilerStatus rounds() const;

  const Params params_;
  const ReconciliationPorts ports_;
  const watch::StoreClock clock_;  // the store's clock, which sets the hours of receipt
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  ReconciliationStatus status_;
  std::jthread running_;
  std::unique_ptr<outbox::Leased<ReconciliationRounds>> rounds_;
};

}  // namespace vf::raw_log
