#include "store/postgres/outbox/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "store/postgres/outbox/event_row.h"
#include "store/postgres/outbox/transaction_writer.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kAddDays =
    "SELECT ingest.add_outbox_days(day, day + 7) FROM (SELECT (coalesce($1, now()) AT TIME ZONE 'UTC')::date AS day) t";
// Partitions of weeks are added rarely and many at a time, because adding one takes a lock that blocks other sessions.
constexpr const char* kWeeksAreFew =
    "SELECT coalesce(max(day), '-infinity') < (now() AT TIME ZONE 'UTC')::date + 28 "
    "FROM ingest.dated_partitions('ingest.processed_webhooks')";
constexpr const char* kAddWeeks = "SELECT ingest.add_ledger_weeks((now() AT TIME ZONE 'UTC')::date + 63)";
constexpr const char* kDropDay = "SELECT ingest.drop_outbox_day($1, $2, $3, $4)";
constexpr const char* kDropWeek = "SELECT ingest.drop_ledger_week($1)";

constexpr const char* kOldest = "SELECT era, tx, seq FROM ingest.oldest_rows($1, $2::integer, $3::text::xid8, $4, $5)";
// Compares era, tx and seq as single columns: the planner would estimate a comparison of the row (era, tx, seq) by
// `era` alone, which is not selective here.
constexpr const char* kDeleteOutbox =
    "DELETE FROM ingest.ingest_outbox o WHERE o.received_at < $1 AND o.era = $2::integer "
    "AND o.tx BETWEEN $5::text::xid8 AND $3::text::xid8 AND (o.tx < $3::text::xid8 OR o.seq <= $4)";
constexpr const char* kKeep = "SELECT ingest.keep_events('ingest.ingest_outbox', $1, $2, $3, $4, $5)";
constexpr const char* kNotePurged = "SELECT ingest.note_purged($1)";

// Deletes from a partition that is never dropped. A ledger row is never deleted before its outbox row.
#define VF_DELETE_LEDGER(PARTITION)                                                                              \
  "WITH first AS MATERIALIZED (SELECT era, tx, seq FROM ingest.outbox_first()), "                                \
  "oldest AS MATERIALIZED (SELECT l.event_id FROM ingest." PARTITION                                             \
  " l WHERE l.received_at < $1 AND NOT EXISTS (SELECT FROM first f WHERE (l.era, l.tx, l.seq) >= (f.era, f.tx, " \
  "f.seq)) ORDER BY l.received_at LIMIT $2), "                                                                   \
  "bodies AS (DELETE FROM ingest.processed_bodies WHERE event_id = ANY(ARRAY(SELECT event_id FROM oldest))) "    \
  "DELETE FROM ingest." PARTITION " WHERE event_id = ANY(ARRAY(SELECT event_id FROM oldest))"
constexpr const char* kDeleteLedger[] = {VF_DELETE_LEDGER("processed_webhooks_timeless"),
                                         VF_DELETE_LEDGER("processed_webhooks_old"),
                                         VF_DELETE_LEDGER("processed_webhooks_future")};
constexpr const char* kDeleteBodies =
    "DELETE FROM ingest.processed_bodies WHERE body_key = ANY(ARRAY(SELECT b.body_key FROM ingest.processed_bodies b "
    "WHERE b.received_at < $1 AND NOT EXISTS (SELECT FROM ingest.processed_webhooks l WHERE l.event_id = b.event_id) "
    "ORDER BY b.received_at LIMIT $2))";
// An event may have come again after the ledger forgot it; exceptions of the later copy stay.
constexpr const char* kDeleteKept =
    "WITH oldest AS MATERIALIZED (SELECT event_id, ingest.position_text(era, tx, seq) AS position "
    "FROM ingest.ingest_outbox_kept WHERE received_at < $1 ORDER BY received_at LIMIT $2), "
    "letters AS (DELETE FROM ingest.ingest_outbox_delivery d WHERE d.event_id = ANY(ARRAY(SELECT event_id FROM "
    "oldest)) "
    "AND EXISTS (SELECT FROM oldest o WHERE o.event_id = d.event_id AND d.position <= o.position)) "
    "DELETE FROM ingest.ingest_outbox_kept WHERE event_id = ANY(ARRAY(SELECT event_id FROM oldest))";
constexpr const char* kDeleteBatches =
    "DELETE FROM ingest.ingest_outbox_batch WHERE batch = ANY(ARRAY(SELECT old.batch "
    "FROM ingest.ingest_outbox_batch old WHERE old.to_position <= $1 AND old.batch < (SELECT max(newer.batch) FROM "
    "ingest.ingest_outbox_batch newer "
    "WHERE newer.target = old.target) ORDER BY old.to_position LIMIT $2))";
constexpr const char* kDeleteAudit =
    "DELETE FROM ingest.ingest_audit WHERE entry = ANY(ARRAY(SELECT entry FROM ingest.ingest_audit WHERE at < $1 "
    "ORDER BY at, entry LIMIT $2))";

/// Returns the least cursor of the consumers; nullopt when one of them has no cursor.
Result<std::optional<Position>> held_at(Connection& db, const std::vector<std::string>& consumers) {
  Position held = *Position::parse("7fffffff-7fffffffffffffff-7fffffffffffffff");
  for (const std::string& consumer : consumers) {
    VF_ASSIGN(const auto cursor, read_cursor(db, consumer));
    if (!cursor) return std::nullopt;
    held = std::min(held, *cursor);
  }
  return held;
}

/// Runs an SQL function that drops a partition. Returns the number of rows removed; -1: the lock was not granted, which
/// is not an error.
Result<int64_t> drop(Connection& db, const char* sql, const Values& values) {
  const auto rows = db.write(sql, values);
  if (rows) return rows->integer_at(0, 0);
  if (db.last_sqlstate() == "55P03") return -1;
  return rows.error();
}

Result<int64_t> affected(Connection& db, const char* sql, const Values& values) {
  VF_ASSIGN(const auto rows, db.query(sql, values));
  return rows.affected();
}

}  // namespace

Result<void> add_partitions(Connection& db, std::optional<Instant> today) {
  Values day;
  today ? day.time(*today) : day.null(Type::time);
  VF_TRY(db.write(kAddDays, day));
  VF_ASSIGN(const auto few, db.query(kWeeksAreFew));
  if (!few.boolean_at(0, 0)) return {};
  const auto added = db.write(kAddWeeks);
  if (!added && db.last_sqlstate() != "55P03") return added.error();
  return {};
}

Result<int64_t> drop_expired(Connection& db, const RetentionStep& step) {
  VF_ASSIGN(const auto held, held_at(db, step.held_by));
  int64_t removed = 0;
  if (held) {
    Values values;
    values.time(step.outbox_before).text(held->to_string()).time(step.deliveries_before).integer(step.rows_max);
    VF_ASSIGN(const auto day, drop(db, kDropDay, values));
    if (day > 0) removed += std::max(day, step.rows_max);
  }
  VF_ASSIGN(const auto week, drop(db, kDropWeek, Values().time(step.ledger_before)));
  if (week > 0) removed += std::max(week, step.rows_max);
  return removed;
}

Result<int64_t> delete_outbox_rows(Connection& db, const RetentionStep& step) {
  VF_ASSIGN(const auto held, held_at(db, step.held_by));
  if (!held) return 0;
  Values bound;
  bound.time(step.outbox_before);
  VF_ASSIGN(const auto oldest, db.query(kOldest, add_position(bound, *held).integer(step.rows_max)));
  if (oldest.empty()) return 0;
  const Position first = position_at(oldest, 0, 0);
  Position last = first;  // the last of the rows that have the era of `first`
  for (int i = 1; i < oldest.size() && position_at(oldest, i, 0).era == first.era; ++i) {
    last = position_at(oldest, i, 0);
  }
  Values kept;
  kept.text(first.to_string()).text(last.to_string()).time(step.deliveries_before).time(step.outbox_before);
  VF_TRY(db.query(kKeep, kept.integer(step.rows_max)));
  Values range;
  range.time(step.outbox_before);
  add_position(range, last).integer(static_cast<int64_t>(first.tx));
  VF_ASSIGN(const auto removed, affected(db, kDeleteOutbox, range));
  VF_TRY(db.query(kNotePurged, Values().text(last.to_string())));
  return removed;
}

Result<int64_t> delete_expired(Connection& db, const RetentionStep& step) {
  const Values given_up = std::move(Values().time(step.deliveries_before).integer(step.rows_max));
  VF_ASSIGN(int64_t removed, affected(db, kDeleteKept, given_up));
  int64_t ledger_rows_left = step.rows_max;
  for (const char* sql : kDeleteLedger) {
    VF_ASSIGN(const auto rows, affected(db, sql, Values().time(step.ledger_before).integer(ledger_rows_left)));
    ledger_rows_left -= rows;
    removed += rows;
  }
  const Values expired = std::move(Values().time(step.ledger_before).integer(step.rows_max));
  VF_ASSIGN(const auto bodies, affected(db, kDeleteBodies, expired));
  VF_ASSIGN(const auto purged, read_purged(db));
  VF_ASSIGN(const auto batches, affected(db, kDeleteBatches, Values().text(purged.to_string()).integer(step.rows_max)));
  VF_ASSIGN(const auto audit, affected(db, kDeleteAudit, expired));
  return removed + bodies + batches + audit;
}

}  // namespace vf::store::postgres
