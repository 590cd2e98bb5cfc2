// Watches the horizon of a shared store: while a transaction stays open anywhere on the store's server, events that are
// committed after it began reach no consumer. A metric shows how long events have been held back, a health check says
// whose transaction holds them back; both ask the store when they are read. Thread safe if `ask` is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "obs/services.h"

namespace vf::watch {

/// Describes the committed events that are held back.
struct HeldBack {
  Millis age;          // how long the oldest event has waited
  std::string holder;  // whose transaction holds the events back; empty: that transaction has just ended
};
/// Asks the store which events are held back; nullopt: none.
using AskHorizon = std::function<Result<std::optional<HeldBack>>()>;

/// Publishes vf_outbox_horizon_seconds (0: no event is held back; absent while the store does not answer), and adds the
/// health check "outbox horizon", which fails when events have been held back for more than a minute.
void watch_horizon(AskHorizon ask, const obs::Services& services);

}  // namespace vf::watch
