// Adds events to ledger and outbox, many events in one statement. The statement is a transaction of its own, or part of
// a transaction that the caller has begun. It writes the event ids in sorted order, so that two hubs cannot deadlock.
// Functions; no state.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Limits of the transactions for which intake and consumers wait. A server that does not answer blocks intake and
/// consumers for at most `statement`; a process that stalls between two statements blocks other processes for at most
/// `idle`.
inline constexpr TransactionLimits kCommitLimits{.statement = Millis{5000}, .lock = Millis{5000}, .idle = Millis{5000}};

/// Adds every AddEvent of `writes` and puts its result into `results` at the same index; other writes are ignored. The
/// events' receive time is `now`, or if that is nullopt the server's time at the beginning of the transaction. Errors
/// are those of Connection::query(); the index of a refused event is not reported. Outside a transaction, which is
/// allowed only if adds_alone(), the events are committed on return; after an error some of them may have been
/// committed.
Result<void> add_events(Connection& db, std::span<const Write> writes, std::optional<Instant> now,
                        std::vector<WriteResult>& results);

/// Returns whether a single statement, as a transaction of its own, can do all of `writes`: all are events without a
/// body key.
bool adds_alone(std::span<const Write> writes);

}  // namespace vf::store::postgres
