// decode(): turns a request to an environment's listener into the operation that it asks for, or into the answer that
// refuses it. Verifies the signature, reads the envelopes and projects the events, so that apply_requests() only has to
// write. A pure function, called on network threads.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "crypto/standard_webhooks.h"
#include "event/event.h"
#include "http/message.h"
#include "store/environment_store.h"

namespace vf::receive {

struct Limits {
  size_t body_bytes_max = 8u << 20;
  size_t events_max = 5'000;  // in one request
};

/// POST /internal/events: `projections[i]` is the projection of `events[i]`.
struct ApplyEvents {
  std::vector<Event> events;
  std::vector<store::Projection> projections;
};
/// GET /internal/events/{id}
struct ShowEvent {
  Uuid id;
};
/// POST /internal/quarantine/retry
struct RetryQuarantined {};

/// What a verified request asks of the store.
using Operation = std::variant<ApplyEvents, ShowEvent, RetryQuarantined>;
/// The answer that refuses the request, to be sent at once, or an operation for the store.
using Decoded = std::variant<http::Response, Operation>;

/// Decodes `request`. Refusals are checked in this order: 410 retired route, 404 unknown path, 405 wrong method, 413
/// body too large, 401 unverified, 400 unknown parameter or malformed envelope, 413 too many envelopes.
Decoded decode(const http::Request& request, const crypto::WebhookSigner& signer, const Limits& limits, Instant now);

}  // namespace vf::receive
