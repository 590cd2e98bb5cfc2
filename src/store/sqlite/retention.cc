#include "store/sqlite/retention.h"

#include <algorithm>
#include <limits>

#include "store/sqlite/transaction_writer.h"

namespace vf::store::sqlite {
namespace {

// Rows are numbered in the order in which they were received or written. A row goes only after all rows before it: a
// row that a clock stamped too early, because it was set back for a while, takes no younger row with it.
#define VF_BOUND(TABLE, NUMBER, TIME)                                                                                  \
  "WITH head AS (SELECT " NUMBER " AS number, " TIME " AS time FROM " TABLE " WHERE " NUMBER " <= ?1 ORDER BY " NUMBER \
  " LIMIT ?2) SELECT max(number) FROM head WHERE number < coalesce((SELECT min(number) FROM head WHERE time >= ?3), "  \
  "9223372036854775807)"
constexpr std::string_view kOutboxBound = VF_BOUND("ingest_outbox", "seq", "received_at");
constexpr std::string_view kLedgerBound = VF_BOUND("processed_webhooks", "seq", "received_at");
constexpr std::string_view kAuditBound = VF_BOUND("ingest_audit", "entry", "at");
constexpr std::string_view kKeptBound = VF_BOUND("ingest_outbox_kept", "seq", "received_at");
#define VF_COLUMNS                                                                                             \
  "seq, event_id, source, type, subject, time, received_at, message_id, fact_key, version, sandbox, fan_out, " \
  "headers, body"
constexpr std::string_view kKeep =
    "INSERT OR REPLACE INTO ingest_outbox_kept (" VF_COLUMNS ") SELECT " VF_COLUMNS
    " FROM ingest_outbox WHERE seq IN (SELECT position FROM ingest_outbox_delivery WHERE position BETWEEN ? AND ?)";
// The text is that of reason_after_retention().
constexpr std::string_view kEndRetries =
    "UPDATE ingest_outbox_delivery SET state = 'dead', reason = 'no longer retried, because retention removed its "
    "event "
    "from the outbox after ' || attempts || ' attempts; last: ' || reason "
    "WHERE position BETWEEN ? AND ? AND state = 'retry'";
constexpr std::string_view kPurgeKept = "DELETE FROM ingest_outbox_kept WHERE seq <= ?";
constexpr std::string_view kPurgeOutbox = "DELETE FROM ingest_outbox WHERE seq <= ?";
constexpr std::string_view kPurgeDeliveries = "DELETE FROM ingest_outbox_delivery WHERE position <= ?";
constexpr std::string_view kPurgeLedger = "DELETE FROM processed_webhooks WHERE seq <= ?";
constexpr std::string_view kPurgeAudit = "DELETE FROM ingest_audit WHERE entry <= ?";
constexpr std::string_view kPurgeBatches =
    "DELETE FROM ingest_outbox_batch WHERE batch IN (SELECT batch FROM ingest_outbox_batch old WHERE to_position < ? "
    "AND EXISTS (SELECT 1 FROM ingest_outbox_batch newer WHERE newer.target = old.target AND newer.batch > old.batch) "
    "ORDER BY to_position, batch LIMIT ?)";

struct Bound {
  int64_t seq_max;
  int64_t rows_max;
  Instant before;
};

/// Returns the last row number that may be deleted; 0: no row is expired. Most steps find no expired row: they read one
/// row, not all the rows that a step may delete.
Result<int64_t> last_expired(Connection& db, std::string_view sql, const Bound& bound) {
  int64_t last = 0;
  for (const int64_t rows_max : {int64_t{1}, bound.rows_max}) {
    Query query = db.query(sql);
    VF_TRY(query.integer(bound.seq_max).integer(rows_max).time(bound.before).step());
    last = query.integer_at(0);
    if (last == 0) break;
  }
  return last;
}

Result<int64_t> held_at(Connection& db, const std::vector<std::string>& consumers) {
  int64_t held = std::numeric_limits<int64_t>::max();
  for (const std::string& consumer : consumers) {
    VF_ASSIGN(const auto cursor, read_cursor(db, consumer));
    held = std::min(held, cursor.value_or(0));
  }
  return held;
}

Result<int64_t> purge(Connection& db, std::string_view sql, int64_t last) {
  VF_TRY(db.query(sql).integer(last).run());
  return db.changes();
}

Result<int64_t> purge_outbox(Connection& db, const RetentionStep& step) {
  VF_ASSIGN(const auto held, held_at(db, step.held_by));
  Bound bound{.seq_max = held, .rows_max = step.rows_max, .before = step.outbox_before};
  VF_ASSIGN(const auto last, last_expired(db, kOutboxBound, bound));
  if (last == 0) return 0;
  bound.before = std::min(step.outbox_before, step.deliveries_before);
  VF_ASSIGN(const auto given_up, last_expired(db, kOutboxBound, bound));
  if (given_up > 0) VF_TRY(purge(db, kPurgeDeliveries, given_up));
  VF_ASSIGN(const auto first, read_first(db));
  for (const std::string_view sql : {kKeep, kEndRetries}) {
    VF_TRY(db.query(sql).integer(std::max(first, given_up + 1)).integer(last).run());
  }
  return purge(db, kPurgeOutbox, last);
}

// Kept events are numbered in the order of their receipt too.
Result<int64_t> purge_kept(Connection& db, const RetentionStep& step) {
  const Bound bound{
      .seq_max = std::numeric_limits<int64_t>::max(), .rows_max = step.rows_max, .before = step.deliveries_before};
  VF_ASSIGN(const auto last, last_expired(db, kKeptBound, bound));
  if (last == 0) return 0;
  VF_TRY(purge(db, kPurgeDeliveries, last));
  return purge(db, kPurgeKept, last);
}

Result<int64_t> purge_ledger(Connection& db, const RetentionStep& step) {
  VF_ASSIGN(const auto first, read_first(db));
  const Bound bound{.seq_max = first - 1, .rows_max = step.rows_max, .before = step.ledger_before};
  VF_ASSIGN(const auto last, last_expired(db, kLedgerBound, bound));
  return last == 0 ? 0 : purge(db, kPurgeLedger, last);
}

Result<int64_t> purge_audit(Connection& db, const RetentionStep& step) {
  const Bound bound{
      .seq_max = std::numeric_limits<int64_t>::max(), .rows_max = step.rows_max, .before = step.ledger_before};
  VF_ASSIGN(const auto last, last_expired(db, kAuditBound, bound));
  return last == 0 ? 0 : purge(db, kPurgeAudit, last);
}

Result<int64_t> purge_batches(Connection& db, int64_t rows_max) {
  VF_ASSIGN(const auto first, read_first(db));
  VF_TRY(db.query(kPurgeBatches).integer(first).integer(rows_max).run());
  return db.changes();
}

}  // namespace

Result<int64_t> retention_step(Connection& db, const RetentionStep& step) {
  VF_ASSIGN(const auto kept, purge_kept(db, step));
  VF_ASSIGN(const auto outbox, purge_outbox(db, step));
  VF_ASSIGN(const auto ledger, purge_ledger(db, step));
  VF_ASSIGN(const auto batches, purge_batches(db, step.rows_max));
  VF_ASSIGN(const auto audit, purge_audit(db, step));
  VF_TRY(db.release_free_pages());
  return kept + outbox + ledger + batches + audit;
}

}  // namespace vf::store::sqlite
