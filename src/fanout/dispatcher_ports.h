// DispatcherPorts: what a dispatcher uses of the rest of the program. Called on the dispatcher's thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/client.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Called for each event that becomes a dead letter, with a reason that quotes no receiver.
using OnDead = std::function<void(Uuid event_id, const std::string& reason)>;

/// Returns the store's time if work that cannot be undone may follow it; nullopt: a clock is in doubt, so such work
/// must be held back (watch/trusted_time.h). Error `unavailable`: the store does not answer.
using TrustedNow = std::function<Result<std::optional<Instant>>()>;

struct DispatcherPorts {
  store::OutboxStore& outbox;  // reads only
  outbox::Writer& writer;      // completions on the dispatcher's thread, never inside the call
  http::Transport& transport;  // completions on the dispatcher's thread
  const Clock& clock;
  Random& random;
  TrustedNow trusted_now;  // never empty
  OnDead on_dead = {};     // may be empty
};

}  // namespace vf::fanout
