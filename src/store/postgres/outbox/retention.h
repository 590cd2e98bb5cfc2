// Retention: old rows go by whole partitions, as cheaply as a file is deleted; where that cannot be, row by row, in
// bounded steps. Functions over a connection; no state.
#pragma once

#include <optional>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Sees that the outbox has partitions from `today` (nullopt: the server's) to a week ahead, and the ledger until two
/// months ahead.
Result<void> add_partitions(Connection& db, std::optional<Instant> today);

/// Drops the outbox's oldest day and the ledger's oldest week, where nothing in them is to be kept. In transactions of
/// its own: a lock that cannot be had at once leaves it for the next step, and holds up nobody's commit. The rows
/// removed, roughly, and `step.rows_max` at least when there may be more to drop.
Result<int64_t> drop_expired(Connection& db, const RetentionStep& step);

/// Inside a transaction: deletes what no dropping of partitions will reach, at most `rows_max` rows a table. In the
/// ledger: ids without a time or of times outside its weeks; the second keys; batches passed; the audit log.
Result<int64_t> delete_expired(Connection& db, const RetentionStep& step);

/// Inside a transaction: deletes outbox rows one by one, which gives precision for dead rows. For stores of few events.
Result<int64_t> delete_outbox_rows(Connection& db, const RetentionStep& step);

}  // namespace vf::store::postgres
