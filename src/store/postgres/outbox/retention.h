// Retention: drops whole partitions of old rows, which costs no more than deleting a file; where that is not possible
// it deletes rows in bounded steps. Functions over a connection; no state.
#pragma once

#include <optional>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Adds missing partitions: of the outbox from `today` (nullopt: the server's date) to a week ahead, of the ledger to
/// two months ahead.
Result<void> add_partitions(Connection& db, std::optional<Instant> today);

/// Drops the outbox's oldest day and the ledger's oldest week if every row in them is expired. In transactions of its
/// own: when a lock is not granted at once the drop is left for the next step, so that no commit waits for it. Returns
/// roughly the number of rows removed, and at least `step.rows_max` when there may be more to drop.
Result<int64_t> drop_expired(Connection& db, const RetentionStep& step);

/// Inside a transaction: deletes expired rows that are not in dated partitions, at most `rows_max` rows per table:
/// ledger ids without a time or outside its weeks, body keys, batches of deleted events, audit entries.
Result<int64_t> delete_expired(Connection& db, const RetentionStep& step);

/// Inside a transaction: deletes single outbox rows, which is exact but leaves dead rows. For databases with few
/// events.
Result<int64_t> delete_outbox_rows(Connection& db, const RetentionStep& step);

}  // namespace vf::store::postgres
