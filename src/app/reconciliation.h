// RawLogReconciliation: proves that outbox and raw log hold the same: round after round in the process that holds its
// lease, and when an operator asks for it, in this one. start() and drain() by one thread, the rest by any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/api.h"
#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "outbox/leased.h"
#include "raw_log/reconciler.h"
#include "watch/store_clock.h"

namespace vf::app {

/// The rounds of the proof, on a thread of their own from construction to drain().
class ReconciliationRounds {
 public:
  explicit ReconciliationRounds(raw_log::Reconciler::Params params)
      : reconciler_(std::move(params)), thread_("reconcile", kFirstPause, [this] { return reconciler_.step(); }) {}
  raw_log::ReconcilerStatus status() const { return reconciler_.status(); }
  /// A round under way is given up.
  void drain(Millis) {
    reconciler_.stop();
    thread_.stop();
  }

 private:
  static constexpr Millis kFirstPause{30'000};  // a start has other things to do

  raw_log::Reconciler reconciler_;
  concurrency::PeriodicTask thread_;  // last: uses the other
};

class RawLogReconciliation {
 public:
  struct Params {
    obs::Services services;
    store::OutboxStore& outbox;
    lake::RawLog& lake;
    outbox::Writer& writer;
    outbox::LeaseKeeper::Params lease;
    std::vector<std::string> sources;  // as configured
  };
  explicit RawLogReconciliation(Params params);
  ~RawLogReconciliation() { drain(Millis{0}); }

  void add_to(admin::Hub& hub);
  void publish_metrics();
  /// A proof under way is given up.
  void drain(Millis at_most);

 private:
  Result<void> start(const admin::ReconciliationRequest& request);
  void run(const admin::ReconciliationRequest& request);
  admin::ReconciliationStatus status() const;
  raw_log::ReconcilerStatus rounds() const;

  const Params params_;
  const raw_log::ReconciliationPorts ports_;
  const watch::StoreClock clock_;  // hours are those of receipt
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  admin::ReconciliationStatus asked_;  // the proof that an operator asked for last
  std::jthread asking_;
  std::unique_ptr<outbox::Leased<ReconciliationRounds>> rounds_;
};

}  // namespace vf::app
