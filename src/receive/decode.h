// decode(): what a request to an environment's listener asks for, or why it is refused. Proves the signature, reads the
// envelopes and projects them: all of the thinking, none of the writing. Pure; runs on network threads.
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

/// POST /internal/events: `projections[i]` is what became of `events[i]`.
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

/// What a proved request wants from the store.
using Ask = std::variant<ApplyEvents, ShowEvent, RetryQuarantined>;
/// An answer at once (a refusal), or something to be done first.
using Decoded = std::variant<http::Response, Ask>;

/// In this order: 410 retired route, 404 unknown path, 405 method, 413 too large, 401 not proved, 400 no envelope.
Decoded decode(const http::Request& request, const crypto::WebhookSigner& signer, const Limits& limits, Instant now);

}  // namespace vf::receive
