// Looking for events in the outbox by what an operator knows of them, newest first. Functions over a connection.
#pragma once

#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// As OutboxStore::search(). Reads rows until enough fit: `unavailable` when that takes longer than ten seconds.
Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter);

}  // namespace vf::store::postgres
