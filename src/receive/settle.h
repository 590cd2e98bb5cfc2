// settle(): does what proved requests ask of an environment's store, and answers each. Everything that arrived together
// is applied in one transaction. Single-threaded over the port: production gives it a thread, a simulation its turn.
#pragma once

#include <functional>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "receive/judge.h"
#include "store/environment_store.h"

namespace vf::receive {

/// One event that is settled, for metrics: how far behind its time and its commit in the hub (event.received) it is.
struct EventReport {
  const Event& event;
  store::Applied status;
  Instant now;  // after the commit, as near as the caller can tell
};
using OnEvent = std::function<void(const EventReport&)>;

/// Answers in the order of `asks`. Of POST /internal/events: 200 with the statuses after the commit; 503 with
/// Retry-After when the store is away (resending is safe: what was committed is then a duplicate); 500 for a defect.
/// An event that the store refuses for itself is quarantined in the same transaction, and holds nobody back.
std::vector<http::Response> settle(store::EnvironmentStore& store, std::vector<Ask>& asks, Instant now,
                                   const OnEvent& on_event);

/// 503 with Retry-After.
http::Response busy(std::string_view detail);

/// Quarantined events that one request tries again.
inline constexpr size_t kRetriedMax = 200;

}  // namespace vf::receive
