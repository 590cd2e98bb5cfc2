// Searches the outbox, newest rows first, in short steps, so that no read transaction stays open long enough to block
// the checkpointer. A function on the caller's connection; no state.
#pragma once

#include <vector>

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter);

}  // namespace vf::store::sqlite
