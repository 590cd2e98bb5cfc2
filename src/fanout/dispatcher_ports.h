// DispatcherPorts: what a dispatcher uses of the rest of the program. Called on the dispatcher's thread only.
#pragma once

#include <functional>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/client.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Sends a request. `done` is called once, later, on the dispatcher's thread; never inside the call.
using Transport = std::function<void(http::Outgoing request, http::Completion done)>;

/// Called for each event that becomes a dead letter, with a reason that quotes no receiver.
using OnDead = std::function<void(Uuid event_id, const std::string& reason)>;

struct DispatcherPorts {
  store::OutboxStore& outbox;  // reads only
  outbox::Writer& writer;      // completions on the dispatcher's thread, never inside the call
  Transport send;
  const Clock& clock;
  Random& random;
  OnDead on_dead = {};  // may be empty
};

}  // namespace vf::fanout
