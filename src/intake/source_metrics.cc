#include "intake/source_metrics.h"

#include <utility>

#include "base/seconds.h"
#include "event/attributes.h"

namespace vf::intake {

static_assert(kOutcomes.size() == static_cast<size_t>(Outcome::rejected) + 1, "every outcome, in the enum's order");

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return "accepted";
    case Outcome::duplicate:
      return "duplicate";
    case Outcome::handshake:
      return "handshake";
    case Outcome::refused:
      return "refused";
    case Outcome::overloaded:
      return "overloaded";
    case Outcome::unavailable:
      return "unavailable";
    case Outcome::rejected:
      return "rejected";
  }
  return "rejected";
}

SourceMetrics::SourceMetrics(std::string source, const obs::Services& services)
    : source_(std::move(source)),
      services_(services),
      request_seconds_(services_.metrics.histogram("vf_intake_request_seconds",
                                                   "Duration of a webhook request, from complete request to answer.",
                                                   {{"source", source_}})),
      provider_lag_seconds_(services_.metrics.histogram(
          "vf_provider_lag_seconds", "From the provider's time of an event to its commit.", {{"source", source_}})),
      unrecognised_(services_.metrics.counter(
          "vf_intake_unrecognised_total", "Events accepted whose body contradicts its header, or names no usable type.",
          {{"source", source_}})) {
  for (const Outcome outcome : kOutcomes) {
    requests_[static_cast<size_t>(outcome)] =
        &services_.metrics.counter("vf_intake_requests_total", "Webhook requests, by source and outcome.",
                                   {{"source", source_}, {"outcome", std::string(to_string(outcome))}});
  }
}

void SourceMetrics::record(const Answered& answered) {
  request_seconds_.observe(seconds(answered.took));
  requests_[static_cast<size_t>(answered.outcome)]->add();
  if (answered.outcome == Outcome::accepted) {
    provider_lag_seconds_.observe(lag_seconds(answered.event->received - answered.event->time));
    if (!is_unrecognised(source_, answered.event->type)) return;
    unrecognised_.add();
    services_.log.noisy(obs::Level::info, "webhook of no recognised type",
                        {{"source", source_}, {"event_id", answered.event->id.to_string()}});
  } else if (answered.outcome == Outcome::refused) {
    services_.metrics
        .counter("vf_intake_refusals_total", "Webhook requests that failed verification, by reason.",
                 {{"source", source_}, {"reason", std::string(answered.reason)}})
        .add();
    services_.log.noisy(obs::Level::info, "webhook refused", {{"source", source_}, {"reason", answered.reason}});
  }
}

}  // namespace vf::intake
