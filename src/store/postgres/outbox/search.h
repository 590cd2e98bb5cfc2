// Searching the outbox for an operator, newest first. A function over a connection; no state.
#pragma once

#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// As OutboxStore::search(). Scans until enough rows match; `unavailable` when that takes longer than ten seconds.
Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter);

}  // namespace vf::store::postgres
