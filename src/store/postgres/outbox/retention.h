// Retention on PostgreSQL: drops whole partitions of old rows, which costs no more than deleting a file. Old rows that
// are not in such a partition are deleted in bounded steps. Functions on a connection; no state.
#pragma once

#include <optional>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Adds the partitions that are missing: days of the outbox from `today` (nullopt: the server's date) to a week ahead,
/// and weeks of the ledger to two months ahead.
Result<void> add_partitions(Connection& db, std::optional<Instant> today);

/// Drops the outbox's partition of the oldest day and the ledger's partition of the oldest week, each if every row in
/// it is expired, and in a transaction of its own. Events of the day that a retry or dead letter refers to are kept in
/// ingest_outbox_kept first, at most `step.rows_max` in a call. If the lock on a table is not granted at once, the drop
/// is left for the next step, so that no commit waits for it. Returns roughly the number of rows removed, and at least
/// `step.rows_max` when there may be more to drop.
Result<int64_t> drop_expired(Connection& db, const RetentionStep& step);

/// Deletes expired rows that are not in the partition of a day or week, at most `rows_max` rows of each table: kept
/// events with their dead letters, ledger rows whose id has no time or a time outside the ledger's weeks, body keys,
/// batches of deleted events, and audit entries. Call it inside a transaction. Returns the number of rows.
Result<int64_t> delete_expired(Connection& db, const RetentionStep& step);

/// Deletes single expired outbox rows, at most `rows_max`: this is exact, but it leaves dead rows (bloat), so it is for
/// databases with few events. Call it inside a transaction. Returns the number of rows.
Result<int64_t> delete_outbox_rows(Connection& db, const RetentionStep& step);

}  // namespace vf::store::postgres
