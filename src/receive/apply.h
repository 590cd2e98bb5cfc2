// apply_requests(): does what proved requests ask of an environment's store, and answers each. Everything that arrived
// together is applied in one transaction. Single-threaded over the port: production gives it a thread, a simulation its
// turn.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "receive/decode.h"
#include "store/environment_store.h"

namespace vf::receive {

/// One event that is settled, for metrics: how far behind its time and its commit in the hub (event.received) it is.
struct EventReport {
  const Event& event;
  store::Applied status;
  Instant now;  // after the commit, as near as the caller can tell
};
using OnEvent = std::function<void(const EventReport&)>;

/// A request that the store failed, for log and health: its message quotes no event.
using OnFailure = std::function<void(const Error&)>;

struct Watch {
  OnEvent on_event{};
  OnFailure on_failure{};
};

/// Answers in the order of `asks`. Of POST /internal/events: 200 with the statuses after the commit; 503 with
/// Retry-After when the store is away (resending is safe: what was committed is then a duplicate); 500 for a defect.
/// An event that the store refuses for itself is quarantined in the same transaction, and holds nobody back.
std::vector<http::Response> apply_requests(store::EnvironmentStore& store, std::vector<Ask>& asks, Instant now,
                                           const Watch& watch);

/// What became of quarantined events that were tried again.
struct RetryCounts {
  size_t tried = 0, applied = 0, ignored = 0, quarantined = 0;
};

/// Tries again, in one transaction, up to kRetriedMax of the quarantined events that were last tried before
/// `tried_before`, the longest ago first. Errors as EnvironmentStore::apply().
Result<RetryCounts> retry_quarantined(store::EnvironmentStore& store, Instant now, Instant tried_before);

/// 503 with Retry-After.
http::Response busy(std::string_view detail);

/// Quarantined events that one request, or one step, tries again.
inline constexpr size_t kRetriedMax = 200;

}  // namespace vf::receive
