// Retention of the outbox database in bounded steps: old rows go, and so do pages at the end of the file that are no
// longer needed. Runs inside the committer's transaction.
#pragma once

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Removes at most step.rows_max rows each: of the outbox (with their exceptions), of the ledger, of the batches that
/// carried nothing any more kept. A ledger row outlives its outbox row. Says how many.
Result<int64_t> retention_step(Connection& db, const RetentionStep& step);

}  // namespace vf::store::sqlite
