#include "receive/decode.h"

#include <algorithm>

#include "event/envelope_reader.h"
#include "projections/registry.h"

namespace vf::receive {
namespace {

constexpr std::string_view kEvents = "/internal/events";
constexpr std::string_view kRetry = "/internal/quarantine/retry";

// Providers once posted to each environment; now the hub receives for all of them.
struct Retired {
  std::string_view path, successor;
};
constexpr Retired kRetired[] = {
    {"/wh/kick", "/webhooks/kick"}, {"/wh/sumsub", "/webhooks/sumsub"}, {"/api/kyc/hook", "/webhooks/sumsub"}};

http::Response gone(const Retired& route) {
  const std::string successor(route.successor);
  auto answer =
      http::problem(410, "retired: the hub receives these webhooks, POST " + successor + " on its public listener");
  answer.headers.emplace_back("Link", "<" + successor + ">; rel=\"successor-version\"");
  return answer;
}

http::Response only(std::string_view method) {
  auto answer = http::problem(405, "only " + std::string(method) + " is understood here");
  answer.headers.emplace_back("Allow", method);
  return answer;
}

Result<void> verify(const http::Request& request, const crypto::WebhookSigner& signer, Instant now) {
  // unique() has no value for a repeated header, so a request that repeats one is refused.
  const auto header = [&](std::string_view name) { return request.headers.unique(name).value_or(std::string_view{}); };
  return signer.verify({header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"), request.body},
                       now);
}

// An event whose envelope cannot be used must not cost the other events of its request.
void quarantine(store::Projection& projection, const UnusableEnvelope& envelope) {
  if (projection.status == store::Applied::ignored) return;
  projection.status = store::Applied::quarantined;
  projection.rows.clear();
  projection.reason = envelope.reason;
  projection.envelope = envelope.text;
}

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

}  // namespace

Decoded decode(const http::Request& request, const crypto::WebhookSigner& signer, const Limits& limits, Instant now) {
  const std::string_view path = request.path();
  const auto retired = std::ranges::find(kRetired, path, &Retired::path);
  if (retired != std::end(kRetired)) return gone(*retired);

  const bool one = path.size() > kEvents.size() + 1 && path.starts_with(kEvents) && path[kEvents.size()] == '/';
  if (!one && path != kEvents && path != kRetry) return http::problem(404, "no such path");
  const std::string_view method = one ? "GET" : "POST";
  if (request.method != method) return only(method);
  if (request.body.size() > limits.body_bytes_max) {
    return http::problem(413, "larger than " + std::to_string(limits.body_bytes_max) + " bytes");
  }
  if (auto verified = verify(request, signer, now); !verified) return http::problem(401, verified.error().message);

  if (path != kEvents) {
    if (auto refusal = http::refuse_unknown_parameters(request, {})) return std::move(*refusal);
  }
  if (one) return show_event(path.substr(kEvents.size() + 1));
  if (path == kRetry) return Operation{RetryQuarantined{}};
  return read_events(request, limits);
}

}  // namespace vf::receive
