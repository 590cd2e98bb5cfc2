#include "receive/decode.h"

#include "event/envelope_reader.h"
#include "projections/registry.h"

namespace vf::receive {
namespace {

// An event whose envelope cannot be used must not cost the other events of its request.
void quarantine(store::Projection& projection, const UnusableEnvelope& envelope) {
  if (projection.status == store::Applied::ignored) return;
  projection.status = store::Applied::quarantined;
  projection.rows.clear();
  projection.reason = envelope.reason;
  projection.envelope = envelope.text;
}

}  // namespace

Decoded read_events(const http::Request& request, const Limits& limits) {
  // One more than the limit is read, which distinguishes 413 (send fewer) from 400.
  std::vector<UnusableEnvelope> unusable;
  auto events = read_envelopes(request.body, limits.events_max + 1, &unusable);
  if (!events) return http::problem(400, events.error().message);
  if (events->size() > limits.events_max) {
    return http::problem(413, "more than " + std::to_string(limits.events_max) + " events in one request");
  }
  ApplyEvents apply;
  apply.projections.reserve(events->size());
  for (const Event& event : *events) apply.projections.push_back(projections::project(event));
  for (const auto& envelope : unusable) quarantine(apply.projections[envelope.index], envelope);
  apply.events = std::move(*events);
  return Operation{std::move(apply)};
}

Decoded show_event(std::string_view id) {
  const auto uuid = Uuid::parse(id);
  if (!uuid) return http::problem(404, "not an event id");
  return Operation{ShowEvent{*uuid}};
}

}  // namespace vf::receive
