// apply_requests(): performs the operations of verified requests on an environment's store and answers each request.
// The events of requests that arrived together are applied in one transaction. Only one thread may call it at a time:
// Receiver gives it a thread, the simulation calls it directly.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "receive/decode.h"
#include "store/environment_store.h"

namespace vf::receive {

/// Reports, for metrics, one event whose transaction is committed.
struct EventReport {
  const Event& event;
  store::Applied status;
};
using OnEvent = std::function<void(const EventReport&)>;

/// Receives a failure of the store, for log and health. Its message quotes no event.
using OnFailure = std::function<void(const Error&)>;

struct Watch {
  OnEvent on_event{};
  OnFailure on_failure{};
};

/// Returns one answer for each of `operations`, in their order, and moves the events out of them. POST /internal/events
/// is answered after the commit: 200 with a status for each event; 503 with Retry-After when the store is away (the
/// sender may safely send again: events that were committed are then duplicates); 500 for a defect. An event whose
/// content the store refuses is quarantined in the same transaction and does not stop the others.
std::vector<http::Response> apply_requests(store::EnvironmentStore& store, std::vector<Operation>& operations,
                                           Instant now, const Watch& watch);

/// Counts the quarantined events that were tried again, in all and by their new status.
struct RetryCounts {
  size_t tried = 0, applied = 0, ignored = 0, quarantined = 0;
};

/// Projects these quarantined events again, in one transaction. Returns what became of each, in their order:
/// `duplicate` means that the event was dropped meanwhile. Errors are those of EnvironmentStore::apply().
Result<std::vector<store::Applied>> retry_events(store::EnvironmentStore& store,
                                                 std::span<const store::QuarantinedEvent> waiting, Instant now);

/// Tries, in one transaction, up to kRetriedMax quarantined events, oldest attempt first; those that were tried from
/// `tried_before` to `now` are left out. Errors are those of EnvironmentStore::apply().
Result<RetryCounts> retry_quarantined(store::EnvironmentStore& store, Instant now, Instant tried_before);

/// How many quarantined events one call of retry_quarantined() tries at most.
inline constexpr size_t kRetriedMax = 200;

}  // namespace vf::receive
