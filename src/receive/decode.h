// Turns a verified request to an environment's listener into the operation that it asks for, or into the answer that
// refuses it. Reads the envelopes and projects the events, so that apply_requests() only has to write. Pure functions,
// called on network threads by the routes (routes.h).
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
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

/// Reads and projects the events of POST /internal/events. Refuses with 400 a body that is not one envelope or a batch
/// of them, then with 413 too many envelopes.
Decoded read_events(const http::Request& request, const Limits& limits);

/// The detail of the 404 to GET /internal/events/{id}. The hub compares it: any server answers 404.
inline constexpr std::string_view kNotReceived = "this environment has not received the event, or purged it";

/// Reads the id in GET /internal/events/{id}; refuses with 404 what is no UUID.
Decoded show_event(std::string_view id);

}  // namespace vf::receive
