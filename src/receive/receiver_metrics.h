// ReceiverMetrics: reports the events and requests of one environment's receiver in metrics and log lines, and
// remembers the store's last failure. Thread safe.
#pragma once

#include <array>
#include <string>

#include "base/seconds.h"
#include "obs/services.h"
#include "receive/apply.h"
#include "watch/store_failure.h"

namespace vf::receive {

class ReceiverMetrics {
 public:
  ReceiverMetrics(std::string environment, const obs::Services& services);

  /// Records an event whose transaction has just been committed.
  void record(const EventReport& report);
  /// Records a failure of the environment's store.
  void record(const Error& failure);
  /// Records how long a request took, from the complete request to its answer.
  void record(SteadyTime took) { request_seconds_.observe(seconds(took)); }
  /// Returns why a transaction failed in the last seconds; empty: none did. For the store's health check.
  std::string recent_failure() const { return failure_.reason(services_.clock.steady()); }

 private:
  const std::string environment_;
  const obs::Services services_;
  std::array<obs::Counter*, store::kApplied.size()> events_{};  // indexed by store::Applied
  obs::Histogram &projection_lag_seconds_, &end_to_end_lag_seconds_, &request_seconds_;
  watch::StoreFailure failure_;
};

}  // namespace vf::receive
