// Searching the outbox, newest first, in short steps: no read transaction stays open long enough to block the
// checkpointer. Uses the caller's connection.
#pragma once

#include <vector>

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter);

}  // namespace vf::store::sqlite
