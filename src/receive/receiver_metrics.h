// ReceiverMetrics: the events and requests of one environment's receiver, as metrics, log lines and the store's last
// failure. Thread safe.
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

  /// An event whose transaction has just been committed.
  void record(const EventReport& report);
  /// A failure of the environment's store.
  void record(const Error& failure);
  /// A request, from complete request to answer.
  void record(SteadyTime took) { request_seconds_.observe(seconds(took)); }
  /// Why the store failed a transaction in the last seconds; empty: it did not. For the store's health check.
  std::string recent_failure() const { return failure_.reason(services_.clock.steady()); }

 private:
  const std::string environment_;
  const obs::Services services_;
  std::array<obs::Counter*, store::kApplied.size()> events_{};  // indexed by store::Applied
  obs::Histogram &projection_lag_seconds_, &end_to_end_lag_seconds_, &request_seconds_;
  watch::StoreFailure failure_;
};

}  // namespace vf::receive
