// The horizon of a shared store: while a transaction stays open somewhere in its server, what is committed after it
// began reaches no consumer. A metric tells for how long, and the health page whose it is; both ask when they are read.
// Thread safe where `ask` is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "obs/services.h"
#include "base/result.h"
#include "base/time.h"

namespace vf::watch {

/// Committed events that are held back.
struct HeldBack {
  Millis age;          // how long the oldest has waited
  std::string holder;  // whose transaction it waits for; empty: it has just ended
};
/// nullopt when nothing is held back.
using AskHorizon = std::function<Result<std::optional<HeldBack>>()>;

/// Publishes vf_outbox_horizon_seconds (0: nothing is held back; none while the store does not answer), and tells in
/// /readyz what has been held back for more than a minute.
void watch_horizon(AskHorizon ask, const obs::Services& services);

}  // namespace vf::watch
