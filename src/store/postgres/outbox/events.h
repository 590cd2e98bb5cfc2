// Adding events: ledger and outbox, many in one statement, inside a transaction that somebody else began, or alone.
// Ids are written in their order, so that two hubs cannot wait for each other.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Of what is acknowledged, and of cursors: a server that says nothing must not hold up the intake for longer. Between
/// two statements nobody thinks; a process that stands still meanwhile must not hold up the others.
inline constexpr TransactionLimits kCommitLimits{.statement = Millis{5000}, .lock = Millis{5000}, .idle = Millis{5000}};

/// Adds every AddEvent of `writes` and puts what became of it into `results` at the same index. The events are received
/// at `now`, or when the server's clock says the transaction began. The others are left alone.
/// Error as Connection::query(); it does not tell which event was at fault.
/// Outside a transaction they stand when it answers; only events without a body key may be added so (see adds_alone()),
/// and after an error some of them may stand.
Result<void> add_events(Connection& db, std::span<const Write> writes, std::optional<Instant> now,
                        std::vector<WriteResult>& results);

/// Whether one statement that is a transaction of its own does all of `writes`.
bool adds_alone(std::span<const Write> writes);

}  // namespace vf::store::postgres
