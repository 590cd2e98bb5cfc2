// decode(): from a request to an environment's listener to the operation that it asks for, or to the refusal. Verifies
// the signature, reads the envelopes and projects them, so that apply_requests() only has to write. A pure function,
// called on network threads.
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
  size_t events_max = 5'000;  // of one request
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
/// A refusal, to be answered at once, or an operation for the store.
using Decoded = std::variant<http::Response, Operation>;

/// Refusals, checked in this order: 410 retired route, 404 unknown path, 405 wrong method, 413 body too large, 401
/// unverified, 400 unknown parameter or malformed envelope (413 for too many of them).
Decoded decode(const http::Request& request, const crypto::WebhookSigner& signer, const Limits& limits, Instant now);

}  // namespace vf::receive
