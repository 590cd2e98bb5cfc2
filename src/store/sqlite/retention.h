// Retention of the outbox database in bounded steps: deletes old rows and releases free pages at the end of the file.
// Runs inside the committer's transaction.
#pragma once

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Deletes at most step.rows_max rows each of: the outbox (with their retries and dead letters), the ledger, the
/// batches whose events are all deleted, the audit log. A ledger row outlives its outbox row. Returns the number of
/// rows.
Result<int64_t> retention_step(Connection& db, const RetentionStep& step);

}  // namespace vf::store::sqlite
