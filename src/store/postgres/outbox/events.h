// Adding events to ledger and outbox, many in one statement, which is a transaction of its own or part of one that the
// caller has begun. The statement writes ids in sorted order, so that two hubs cannot deadlock. Functions; no state.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Limits of the transactions that intake and consumers wait for: a server that does not answer blocks them no longer
/// than `statement`, and a process that stalls between two statements blocks the others no longer than `idle`.
inline constexpr TransactionLimits kCommitLimits{.statement = Millis{5000}, .lock = Millis{5000}, .idle = Millis{5000}};

/// Adds every AddEvent of `writes` and puts its result into `results` at the same index; other writes are ignored.
/// Their receive time is `now`, or the server's time at the beginning of the transaction. Error as Connection::query(),
/// without the index of the refused event. Outside a transaction the events are committed on return; that is allowed
/// only if adds_alone(), and after an error some of them may have been committed.
Result<void> add_events(Connection& db, std::span<const Write> writes, std::optional<Instant> now,
                        std::vector<WriteResult>& results);

/// Whether a single statement, as a transaction of its own, can do all of `writes`: events without a body key.
bool adds_alone(std::span<const Write> writes);

}  // namespace vf::store::postgres
