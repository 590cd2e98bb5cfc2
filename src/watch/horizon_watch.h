// The horizon of a shared store: while a transaction stays open anywhere on its server, events committed after it began
// reach no consumer. A metric shows for how long, and a health check whose transaction it is; both ask the store when
// they are read. Thread safe where `ask` is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "obs/services.h"

namespace vf::watch {

/// Committed events that are held back.
struct HeldBack {
  Millis age;          // how long the oldest has waited
  std::string holder;  // whose transaction holds it back; empty: that has just ended
};
/// nullopt when nothing is held back.
using AskHorizon = std::function<Result<std::optional<HeldBack>>()>;

/// Publishes vf_outbox_horizon_seconds (0: nothing is held back; absent while the store does not answer), and adds the
/// health check "outbox horizon", which fails when events have been held back for more than a minute.
void watch_horizon(AskHorizon ask, const obs::Services& services);

}  // namespace vf::watch
