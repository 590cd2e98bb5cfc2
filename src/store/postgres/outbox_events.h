// Adding events: ledger and outbox, many in one statement, inside a transaction that somebody else began.
// Ids are written in their order, so that two hubs cannot wait for each other.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Adds every AddEvent of `writes` and puts what became of it into `results` at the same index. The events are received
/// at `now`, or when the server's clock says the transaction began. The others are left alone.
/// Error as Connection::query(); it does not tell which event was at fault.
Result<bool> add_events(Connection& db, std::span<const Write> writes, std::optional<Instant> now,
                        std::vector<WriteResult>& results);

}  // namespace vf::store::postgres
