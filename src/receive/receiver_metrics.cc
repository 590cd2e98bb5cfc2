#include "receive/receiver_metrics.h"

#include <utility>

namespace vf::receive {

ReceiverMetrics::ReceiverMetrics(std::string environment, const obs::Services& services)
    : environment_(std::move(environment)),
      services_(services),
      projection_lag_seconds_(services_.metrics.histogram("vf_projection_lag_seconds",
                                                          "From the hub's commit of an event to its projected rows.",
                                                          {{"environment", environment_}})),
      end_to_end_lag_seconds_(services_.metrics.histogram("vf_end_to_end_lag_seconds",
                                                          "From the provider's time of an event to its projected rows.",
                                                          {{"environment", environment_}})),
      request_seconds_(services_.metrics.histogram(
          "vf_environment_request_seconds", "Duration of a request with a batch, from complete request to answer.",
          {{"environment", environment_}})) {
  for (const auto status : store::kApplied) {
    events_[static_cast<size_t>(status)] =
        &services_.metrics.counter("vf_environment_events_total", "Events received by an environment, by status.",
                                   {{"environment", environment_}, {"status", std::string(store::to_string(status))}});
  }
}

void ReceiverMetrics::record(const EventReport& report) {
  failure_.succeeded();
  events_[static_cast<size_t>(report.status)]->add();
  if (report.status != store::Applied::applied) return;
  const Instant now = services_.clock.now();
  // A foreign sender may leave out either time; then there is no lag to measure.
  const auto& event = report.event;
  if (event.time != Instant{}) end_to_end_lag_seconds_.observe(lag_seconds(now - event.time));
  if (event.received != Instant{}) projection_lag_seconds_.observe(lag_seconds(now - event.received));
}

void ReceiverMetrics::record(const Error& failure) {
  failure_.failed(failure.message, services_.clock.steady());
  services_.log.noisy(obs::Level::error, "a transaction on the environment's store failed",
                      {{"environment", environment_}, {"code", to_string(failure.code)}, {"reason", failure.message}});
}

}  // namespace vf::receive
