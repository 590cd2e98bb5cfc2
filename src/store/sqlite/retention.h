// Retention of the outbox database in bounded steps: deletes old rows and releases free pages at the end of the file.
// The steps run inside the committer's transaction.
#pragma once

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Deletes old rows, at most step.rows_max of each kind: events kept for dead letters (with these), outbox rows, ledger
/// rows, batches whose events are all deleted, and audit entries. An outbox row that a retry or dead letter refers to
/// is moved to ingest_outbox_kept. A ledger row is never deleted before its outbox row. Returns the number of rows
/// deleted.
Result<int64_t> retention_step(Connection& db, const RetentionStep& step);

}  // namespace vf::store::sqlite
