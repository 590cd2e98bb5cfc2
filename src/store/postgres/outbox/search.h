// Searches the outbox for an operator; the newest rows come first. A function on a connection; no state.
#pragma once

#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Does what OutboxStore::search() describes: reads rows until enough of them match. Error `unavailable`: this took
/// longer than ten seconds.
Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter);

}  // namespace vf::store::postgres
