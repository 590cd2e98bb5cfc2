#include "store/postgres/outbox/transaction_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/postgres/outbox/event_row.h"
#include "store/postgres/outbox/retention.h"
#include "store/postgres/runs.h"

namespace vf::store::postgres {
namespace {

// The time of a write: $1, or the server's time at the beginning of the transaction.
#define VF_AT "coalesce($1, date_trunc('milliseconds', now()))"

constexpr const char* kLock =
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 1)) FROM "
    "(SELECT name FROM unnest($1) AS t(name) ORDER BY name COLLATE \"C\") AS sorted";
constexpr const char* kCursor =
    "SELECT to_position FROM ingest.ingest_outbox_batch WHERE target = $1 ORDER BY batch DESC LIMIT 1";
constexpr const char* kEnd = "SELECT era, tx, seq FROM ingest.outbox_end()";
constexpr const char* kPurged = "SELECT position FROM ingest.ingest_purged";
constexpr const char* kIsFinal =
    "SELECT ($1::integer, $2::text::xid8) < "
    "((SELECT max(era) FROM ingest.ingest_era), pg_snapshot_xmin(pg_current_snapshot()))";
constexpr const char* kFirst = "SELECT era, tx, seq FROM ingest.outbox_first()";
#define VF_INSERT_BATCH                                                                                              \
  "INSERT INTO ingest.ingest_outbox_batch (target, from_position, to_position, count, attempts, sent_at, acked_at, " \
  "config_version, passage, digest) "
constexpr const char* kAdvance = VF_INSERT_BATCH "VALUES ($2, $3, $4, $5, $6, $7, " VF_AT ", $8, $9, NULL)";
constexpr const char* kPinExists = "SELECT 1 FROM ingest.ingest_outbox_batch WHERE target = $1 AND from_position = $2";
constexpr const char* kPin = VF_INSERT_BATCH "VALUES ($2, $3, $4, $5, 0, " VF_AT ", NULL, '', NULL, $6)";
constexpr const char* kPutCursor = VF_INSERT_BATCH "VALUES ($2, NULL, $3, 0, 0, " VF_AT ", " VF_AT ", '', NULL, NULL)";
constexpr const char* kDeleteFrom = "DELETE FROM ingest.ingest_outbox_batch WHERE target = $1 AND from_position >= $2";
constexpr const char* kDeletePins = "DELETE FROM ingest.ingest_outbox_batch WHERE target = $1 AND to_position > $2";
constexpr const char* kPutDelivery =
    "INSERT INTO ingest.ingest_outbox_delivery AS d (event_id, target, position, state, attempts, next_attempt_at, "
    "reason, first_failed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event_id, target) DO UPDATE SET "
    "position = excluded.position, state = excluded.state, attempts = excluded.attempts, "
    "next_attempt_at = excluded.next_attempt_at, reason = excluded.reason, first_failed_at = excluded.first_failed_at "
    "WHERE d.state = 'retry' OR excluded.state = 'dead'";
constexpr const char* kDropDelivery =
    "WITH gone AS (DELETE FROM ingest.ingest_outbox_delivery WHERE event_id = $1 AND target = $2) "
    "DELETE FROM ingest.ingest_outbox_kept WHERE event_id = $1 AND NOT EXISTS "
    "(SELECT FROM ingest.ingest_outbox_delivery WHERE event_id = $1 AND target <> $2)";
// The rows are locked in one order, so that two such statements do not deadlock. A statement that waited for another
// one reads the row anew, and leaves it when it is no longer dead.
#define VF_DEAD_LETTERS                                                                              \
  "WITH dead AS (SELECT event_id FROM ingest.ingest_outbox_delivery WHERE target = $1 AND event_id " \
  "= ANY ($2) AND state = 'dead' ORDER BY event_id FOR UPDATE) "
constexpr const char* kRetryDead = VF_DEAD_LETTERS
    "UPDATE ingest.ingest_outbox_delivery SET state = 'retry', attempts = 0, next_attempt_at = $3, "
    "first_failed_at = NULL WHERE target = $1 AND event_id IN (SELECT event_id FROM dead)";
constexpr const char* kDropDead = VF_DEAD_LETTERS
    ", gone AS (DELETE FROM ingest.ingest_outbox_delivery WHERE target = $1 AND event_id IN "
    "(SELECT event_id FROM dead) RETURNING event_id), kept AS (DELETE FROM ingest.ingest_outbox_kept k USING gone g "
    "WHERE k.event_id = g.event_id AND NOT EXISTS (SELECT FROM ingest.ingest_outbox_delivery d "
    "WHERE d.event_id = g.event_id AND d.target <> $1)) SELECT count(*) FROM gone";
constexpr const char* kPutSetting =
    "INSERT INTO ingest.ingest_settings (key, value) VALUES ($1, $2) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
constexpr const char* kDropSetting = "DELETE FROM ingest.ingest_settings WHERE key = $1";
constexpr const char* kAddAudit = "INSERT INTO ingest.ingest_audit (at, actor, action, detail) VALUES ($1, $2, $3, $4)";
constexpr const char* kAuditNow =
    "INSERT INTO ingest.ingest_audit (at, actor, action, detail) VALUES (" VF_AT ", 'hub', $2, $3)";
// Changes no row while another process holds the lease. An expiry more than ten spans ahead was written by a clock that
// was ahead: the lease of a holder that has died since must not last until the time that the clock showed.
constexpr const char* kTakeLease =
    "INSERT INTO ingest.ingest_lease AS l (name, holder, epoch, expires_at) "
    "VALUES ($2, $3, 1, " VF_AT
    " + $4 * interval '1 millisecond') ON CONFLICT (name) DO UPDATE "
    "SET epoch = l.epoch + (l.holder <> excluded.holder)::integer, holder = excluded.holder, "
    "expires_at = excluded.expires_at WHERE l.holder IN (excluded.holder, '') OR l.expires_at <= " VF_AT
    " OR l.expires_at > " VF_AT " + 10 * $4 * interval '1 millisecond'";
constexpr const char* kLease = "SELECT holder, epoch FROM ingest.ingest_lease WHERE name = $1";
constexpr const char* kDropLease = "UPDATE ingest.ingest_lease SET holder = '' WHERE name = $1 AND holder = $2";

/// Returns the consumer whose rows a write reads before it writes, or whose lease it takes; empty for other writes.
struct ConsumerOf {
  std::string operator()(const AdvanceCursor& write) const { return write.consumer; }
  std::string operator()(const PinBatch& write) const { return write.consumer; }
  std::string operator()(const StartConsumer& write) const { return write.consumer; }
  std::string operator()(const MoveCursor& write) const { return write.consumer; }
  std::string operator()(const TakeLease& write) const { return write.name; }
  std::string operator()(const DropLease& write) const { return write.name; }
  std::string operator()(const PutDelivery& write) const { return write.epoch == 0 ? "" : write.target; }
  std::string operator()(const DropDelivery& write) const { return write.epoch == 0 ? "" : write.target; }
  std::string operator()(const auto&) const { return ""; }
};

}  // namespace

Result<std::optional<Position>> read_cursor(Connection& db, const std::string& consumer) {
  VF_ASSIGN(const auto rows, db.query(kCursor, Values().text(consumer)));
  return rows.empty() ? std::nullopt : std::optional(position_text_at(rows, 0, 0));
}

Result<Position> read_purged(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kPurged));
  return position_text_at(rows, 0, 0);
}

Result<Position> read_end(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kEnd));
  if (!rows.empty()) return position_at(rows, 0, 0);
  return read_purged(db);
}

Values TransactionWriter::values() const {
  Values values;
  params_.now ? values.time(*params_.now) : values.null(Type::time);
  return values;
}

Result<WriteResult> TransactionWriter::run(const char* sql, const Values& values) {
  VF_TRY(db_.query(sql, values));
  return WriteResult{Written{}};
}

// Every transaction takes the locks in this order, so that two cannot deadlock.
Result<void> TransactionWriter::lock(std::span<const Write> writes) {
  VF_TRY(lock_consumers(writes));
  const bool writes_runs =
      std::ranges::any_of(writes, [](const Write& write) { return std::holds_alternative<RunWrite>(write); });
  if (!writes_runs) return {};
  VF_ASSIGN(runs_at_, lock_runs(db_, params_.now));
  return {};
}

Result<void> TransactionWriter::lock_consumers(std::span<const Write> writes) {
  std::set<std::string> names;
  for (const Write& write : writes) names.insert(std::visit(ConsumerOf{}, write));
  names.erase("");
  if (names.empty()) return {};
  Array array(Type::text);
  for (const std::string& name : names) array.text(name);
  VF_TRY(db_.query(kLock, Values().array(array)));
  return {};
}

Result<bool> TransactionWriter::is_final(Position position) {
  if (!is_ours(position)) return false;
  if (position == Position{}) return true;
  VF_ASSIGN(const auto rows,
            db_.query(kIsFinal, Values().integer(position.era).integer(static_cast<int64_t>(position.tx))));
  return rows.boolean_at(0, 0);
}

Result<void> TransactionWriter::check_lease(const std::string& name, int64_t epoch) {
  if (epoch == 0) return {};
  VF_ASSIGN(const auto rows, db_.query(kLease, Values().text(name)));
  if (!rows.empty() && rows.integer_at(0, 1) == epoch) return {};
  return conflict(fmt::format("{} is now leased to {}", name, rows.empty() ? "no process" : rows.text_at(0, 0)));
}

Result<void> TransactionWriter::check_range(const Range& range) {
  VF_ASSIGN(const auto cursor, read_cursor(db_, range.consumer));
  if (!cursor) return conflict(fmt::format("{} has no cursor yet: start it first", range.consumer));
  if (*cursor != range.from) {
    return conflict(fmt::format("the cursor of {} is at {}, not at {}: another process moved it", range.consumer,
                                cursor->to_string(), range.from.to_string()));
  }
  VF_ASSIGN(const bool final, is_final(range.to));
  if (final && range.from < range.to) return {};
  return invalid(fmt::format("{}: {} to {} is not a range of the outbox's final rows", range.consumer,
                             range.from.to_string(), range.to.to_string()));
}

Result<WriteResult> TransactionWriter::operator()(const AddEvent&) { return WriteResult{Written{}}; }

Result<WriteResult> TransactionWriter::operator()(const AdvanceCursor& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  VF_TRY(check_range({.consumer = write.consumer, .from = write.from, .to = write.to}));
  return run(kAdvance, values()
                           .text(write.consumer)
                           .text(write.from.to_string())
                           .text(write.to.to_string())
                           .integer(write.count)
                           .integer(write.attempts)
                           .time(write.sent_at)
                           .text(write.config_version)
                           .text(to_string(write.skip_reason)));
}

Result<WriteResult> TransactionWriter::operator()(const PinBatch& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  VF_TRY(check_range({.consumer = write.consumer, .from = write.from, .to = write.to}));
  const std::string pin = pin_name(write.consumer);
  VF_ASSIGN(const auto exists, db_.query(kPinExists, Values().text(pin).text(write.from.to_string())));
  if (!exists.empty()) {
    return conflict(fmt::format("{} has already pinned a batch from {}: read it with open_pin() and finish it",
                                write.consumer, write.from.to_string()));
  }
  return run(kPin, values()
                       .text(pin)
                       .text(write.from.to_string())
                       .text(write.to.to_string())
                       .integer(write.count)
                       .text(write.digest));
}

Result<WriteResult> TransactionWriter::operator()(const PutDelivery& write) {
  VF_TRY(check_lease(write.target, write.epoch));
  Values row;
  row.uuid(write.event_id)
      .text(write.target)
      .text(write.position.to_string())
      .text(write.state == PutDelivery::State::dead ? "dead" : "retry")
      .integer(write.attempts)
      .time(write.next_attempt_at)
      .text(write.reason);
  write.first_failed_at ? row.time(*write.first_failed_at) : row.null(Type::time);
  return run(kPutDelivery, row);
}

Result<WriteResult> TransactionWriter::operator()(const DropDelivery& write) {
  VF_TRY(check_lease(write.target, write.epoch));
  return run(kDropDelivery, Values().uuid(write.event_id).text(write.target));
}

Result<WriteResult> TransactionWriter::operator()(const RetryDeadLetters& write) {
  Array events(Type::uuid);
  for (const Uuid event : write.events) events.uuid(event);
  VF_ASSIGN(const auto rows, db_.query(kRetryDead, Values().text(write.target).array(events).time(write.due)));
  return WriteResult{DeadLettersChanged{.changed = rows.affected()}};
}

Result<WriteResult> TransactionWriter::operator()(const DropDeadLetters& write) {
  Array events(Type::uuid);
  for (const Uuid event : write.events) events.uuid(event);
  VF_ASSIGN(const auto rows, db_.query(kDropDead, Values().text(write.target).array(events)));
  return WriteResult{DeadLettersChanged{.changed = rows.integer_at(0, 0)}};
}

/// Adds a row of ingest_outbox_batch without from_position: it sets the cursor and stands for no batch.
Result<WriteResult> TransactionWriter::put_cursor(const std::string& consumer, Position to) {
  return run(kPutCursor, values().text(consumer).text(to.to_string()));
}

// `At::now` is the position of the newest final row. Rows that other transactions have not committed yet are after that
// position, even if their numbers are less than the numbers of committed rows.
Result<WriteResult> TransactionWriter::operator()(const StartConsumer& write) {
  VF_ASSIGN(const auto cursor, read_cursor(db_, write.consumer));
  if (cursor) return WriteResult{Written{}};
  if (write.at == StartConsumer::At::earliest) {
    VF_ASSIGN(const auto first, db_.query(kFirst));
    if (!first.empty()) {
      Position before = position_at(first, 0, 0);
      --before.seq;
      return put_cursor(write.consumer, before);
    }
  }
  VF_ASSIGN(const auto end, read_end(db_));
  return put_cursor(write.consumer, end);
}

Result<WriteResult> TransactionWriter::operator()(const MoveCursor& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  VF_ASSIGN(const bool final, is_final(write.to));
  if (!final) {
    return invalid(
        fmt::format("{}: {} is not before the end of the outbox's final rows", write.consumer, write.to.to_string()));
  }
  // Batches from the new position on will be recorded again with the same from_position, so delete them first.
  const std::string to = write.to.to_string();
  VF_TRY(run(kDeleteFrom, Values().text(write.consumer).text(to)));
  VF_TRY(run(kDeletePins, Values().text(pin_name(write.consumer)).text(to)));
  VF_TRY(put_cursor(write.consumer, write.to));
  return run(kAuditNow,
             values().text("move cursor").text(fmt::format("{} to {}: {}", write.consumer, to, write.reason)));
}

Result<WriteResult> TransactionWriter::operator()(const PutSetting& write) {
  if (write.value.empty()) return run(kDropSetting, Values().text(write.key));
  return run(kPutSetting, Values().text(write.key).text(write.value));
}

Result<WriteResult> TransactionWriter::operator()(const AddAudit& write) {
  return run(kAddAudit, Values().time(write.at).text(write.actor).text(write.action).text(write.detail));
}

Result<WriteResult> TransactionWriter::operator()(const RetentionStep& write) {
  int64_t removed = 0;
  if (!params_.whole_days) {
    VF_ASSIGN(const auto rows, delete_outbox_rows(db_, write));
    removed = rows;
  }
  VF_ASSIGN(const auto rows, delete_expired(db_, write));
  return WriteResult{RowsRemoved{.removed = removed + rows}};
}

Result<WriteResult> TransactionWriter::operator()(const TakeLease& write) {
  VF_TRY(run(kTakeLease, values().text(write.name).text(write.holder).integer(write.span.count())));
  VF_ASSIGN(const auto rows, db_.query(kLease, Values().text(write.name)));
  const std::string holder = rows.text_at(0, 0);
  return WriteResult{LeaseTaken{.granted = holder == write.holder, .epoch = rows.integer_at(0, 1), .holder = holder}};
}

Result<WriteResult> TransactionWriter::operator()(const DropLease& write) {
  return run(kDropLease, Values().text(write.name).text(write.holder));
}

Result<WriteResult> TransactionWriter::operator()(const RunWrite& write) {
  VF_ASSIGN(auto result, write_run(db_, kHubRuns, write, runs_at_));
  return to_write_result(std::move(result));
}

}  // namespace vf::store::postgres
