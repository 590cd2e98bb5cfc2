#include "store/sqlite/transaction_writer.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/sqlite/event_row.h"
#include "store/sqlite/retention.h"
#include "store/sqlite/runs.h"

namespace vf::store::sqlite {
namespace {

// Decides which events are duplicates: a row whose id or body key is in the ledger already is not inserted.
constexpr std::string_view kInsertLedger =
    "INSERT OR IGNORE INTO processed_webhooks (seq, event_id, received_at, body_key) VALUES (?, ?, ?, ?)";
constexpr std::string_view kInsertEvent =
    "INSERT INTO ingest_outbox (seq, event_id, source, type, subject, time, received_at, message_id, fact_key, "
    "version, sandbox, fan_out, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// Frees a body key whose replay guard has ended, or that a clock that was ahead has put into the future.
constexpr std::string_view kFreeBodyKey =
    "UPDATE processed_webhooks SET body_key = NULL WHERE body_key = ? AND (received_at <= ? OR received_at >= ?)";
constexpr std::string_view kFindById = "SELECT event_id, received_at FROM processed_webhooks WHERE event_id = ?";
constexpr std::string_view kFindByBody = "SELECT event_id, received_at FROM processed_webhooks WHERE body_key = ?";
constexpr std::string_view kCursor =
    "SELECT to_position FROM ingest_outbox_batch WHERE target = ? ORDER BY batch DESC LIMIT 1";
constexpr std::string_view kEnd = "SELECT seq FROM sqlite_sequence WHERE name = 'ingest_outbox'";
constexpr std::string_view kFirst = "SELECT min(seq) FROM ingest_outbox";
constexpr std::string_view kInsertBatch =
    "INSERT INTO ingest_outbox_batch (target, from_position, to_position, count, attempts, sent_at, acked_at, "
    "config_version, passage, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kPinExists = "SELECT 1 FROM ingest_outbox_batch WHERE target = ? AND from_position = ?";
constexpr std::string_view kDeleteFrom = "DELETE FROM ingest_outbox_batch WHERE target = ? AND from_position >= ?";
constexpr std::string_view kDeletePins = "DELETE FROM ingest_outbox_batch WHERE target = ? AND to_position > ?";
constexpr std::string_view kPutDelivery =
    "INSERT INTO ingest_outbox_delivery (event_id, target, position, state, attempts, next_attempt_at, reason, "
    "first_failed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id, target) DO UPDATE SET "
    "position = excluded.position, state = excluded.state, attempts = excluded.attempts, "
    "next_attempt_at = excluded.next_attempt_at, reason = excluded.reason, first_failed_at = excluded.first_failed_at "
    "WHERE state = 'retry' OR excluded.state = 'dead'";
constexpr std::string_view kDropDelivery = "DELETE FROM ingest_outbox_delivery WHERE event_id = ? AND target = ?";
constexpr std::string_view kRetryDead =
    "UPDATE ingest_outbox_delivery SET state = 'retry', attempts = 0, next_attempt_at = ?, first_failed_at = NULL "
    "WHERE event_id = ? AND target = ? AND state = 'dead'";
constexpr std::string_view kDropDead =
    "DELETE FROM ingest_outbox_delivery WHERE event_id = ? AND target = ? AND state = 'dead'";
constexpr std::string_view kDropKept =
    "DELETE FROM ingest_outbox_kept WHERE event_id = ?1 AND NOT EXISTS "
    "(SELECT 1 FROM ingest_outbox_delivery WHERE event_id = ?1)";
constexpr std::string_view kPutSetting =
    "INSERT INTO ingest_settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
constexpr std::string_view kDropSetting = "DELETE FROM ingest_settings WHERE key = ?";
constexpr std::string_view kAddAudit = "INSERT INTO ingest_audit (at, actor, action, detail) VALUES (?, ?, ?, ?)";
// Changes no row while another process holds the lease. An expiry more than ten spans ahead was written by a clock that
// was ahead: the lease of a holder that has died since must not last until the time that the clock showed.
constexpr std::string_view kTakeLease =
    "INSERT INTO ingest_lease (name, holder, epoch, expires_at) VALUES (?1, ?2, 1, ?4) ON CONFLICT (name) DO UPDATE "
    "SET epoch = epoch + (holder <> ?2), holder = ?2, expires_at = ?4 WHERE holder IN (?2, '') OR expires_at <= ?3 "
    "OR expires_at > ?5";
constexpr std::string_view kLease = "SELECT holder, epoch FROM ingest_lease WHERE name = ?";
constexpr std::string_view kDropLease = "UPDATE ingest_lease SET holder = '' WHERE name = ? AND holder = ?";

Result<WriteResult> done_or_error(const Result<void>& done) {
  if (!done) return done.error();
  return WriteResult{Written{}};
}

int64_t seq_of(Position position) { return static_cast<int64_t>(position.seq); }

/// Returns the key of a body in the ledger. It includes the source, because two sources may send the same body.
std::string ledger_body_key(const AddEvent& write) {
  return write.body_key ? fmt::format("{}/{}", write.event.source, to_hex(*write.body_key)) : "";
}

/// Returns whether the position has the form of positions on SQLite.
bool is_ours(Position position) { return position.era == 0 && position.tx == 0 && seq_of(position) >= 0; }

struct EventBinding {
  int64_t seq = 0;
  std::string_view event_id;     // canonical text
  std::string_view received_at;  // RFC 3339
};
void bind_event(Query& insert, const AddEvent& add, const EventBinding& binding) {
  const Event& event = add.event;
  insert.integer(binding.seq)
      .text(binding.event_id)
      .text(event.source)
      .text(event.type)
      .text(event.subject)
      .time(event.time)
      .text(binding.received_at)
      .text(event.message_id)
      .text(event.fact_key)
      .text(event.version)
      .integer(event.sandbox ? 1 : 0)
      .integer(add.fan_out ? 1 : 0)
      .text(event.headers);
  // The type of the stored value keeps is_json: TEXT for true, BLOB for false.
  event.is_json ? insert.text(event.body) : insert.blob(event.body);
}

}  // namespace

Result<std::optional<int64_t>> read_cursor(Connection& db, const std::string& consumer) {
  Query query = db.query(kCursor);
  VF_ASSIGN(const auto row, query.text(consumer).step());
  return row ? std::optional(query.integer_at(0)) : std::nullopt;
}

Result<int64_t> read_end(Connection& db) {
  Query query = db.query(kEnd);
  VF_ASSIGN(const auto row, query.step());
  return row ? query.integer_at(0) : 0;
}

Result<int64_t> read_first(Connection& db) {
  Query query = db.query(kFirst);
  VF_TRY(query.step());
  if (!query.is_null(0)) return query.integer_at(0);
  VF_ASSIGN(const auto end, read_end(db));
  return end + 1;
}

Result<TransactionWriter> TransactionWriter::begin(Connection& db, Instant now) {
  VF_ASSIGN(const auto end, read_end(db));
  return TransactionWriter(db, now, end);
}

TransactionWriter::TransactionWriter(Connection& db, Instant now, int64_t end)
    : db_(db),
      now_(now),
      now_text_(to_rfc3339(now)),
      end_(end),
      insert_ledger_(db.query(kInsertLedger)),
      insert_event_(db.query(kInsertEvent)) {}

Result<WriteResult> TransactionWriter::operator()(const AddEvent& write) {
  VF_TRY(check_body_key(write));
  const int64_t seq = end_ + 1;
  const std::string id = write.event.id.to_string();
  const std::string body_key = ledger_body_key(write);
  if (write.body_key) {
    Query free = db_.query(kFreeBodyKey);
    VF_TRY(free.text(body_key).time(now_ - write.replay_guard).time(now_ + write.replay_guard).run());
  }
  insert_ledger_.again().integer(seq).text(id).text(now_text_);
  write.body_key ? insert_ledger_.text(body_key) : insert_ledger_.null();
  VF_TRY(insert_ledger_.run());
  if (db_.changes() == 0) return duplicate_of(id, body_key);
  bind_event(insert_event_.again(), write, {.seq = seq, .event_id = id, .received_at = now_text_});
  VF_TRY(insert_event_.run());
  end_ = seq;
  return WriteResult{EventAdded{.event_id = write.event.id, .position = position_of(seq), .received = now_}};
}

// Returns the stored event of which this one is a duplicate. A row with the same id takes precedence over a row with
// the same body.
Result<WriteResult> TransactionWriter::duplicate_of(const std::string& id, const std::string& body_key) {
  for (const auto& [sql, key] : {std::pair(kFindById, &id), std::pair(kFindByBody, &body_key)}) {
    Query query = db_.query(sql);
    VF_ASSIGN(const auto row, query.text(*key).step());
    if (!row) continue;
    return WriteResult{EventAdded{.duplicate = true, .event_id = query.uuid_at(0), .received = query.time_at(1)}};
  }
  VF_INVARIANT(false);  // the collision was over `seq`: the ledger's numbers are ahead of the outbox's
}

Result<void> TransactionWriter::check_lease(const std::string& name, int64_t epoch) {
  if (epoch == 0) return {};
  Query lease = db_.query(kLease);
  VF_ASSIGN(const auto row, lease.text(name).step());
  if (row && lease.integer_at(1) == epoch) return {};
  return conflict(fmt::format("{} is now leased to {}", name, row ? lease.text_at(0) : "no process"));
}

Result<WriteResult> TransactionWriter::operator()(const TakeLease& write) {
  Query take = db_.query(kTakeLease);
  take.text(write.name).text(write.holder).text(now_text_).time(now_ + write.span).time(now_ + 10 * write.span);
  VF_TRY(take.run());
  Query lease = db_.query(kLease);
  VF_TRY(lease.text(write.name).step());
  std::string holder = lease.text_at(0);
  return WriteResult{LeaseTaken{.granted = holder == write.holder, .epoch = lease.integer_at(1), .holder = holder}};
}

Result<WriteResult> TransactionWriter::operator()(const DropLease& write) {
  return done_or_error(db_.query(kDropLease).text(write.name).text(write.holder).run());
}

Result<void> TransactionWriter::check_range(const std::string& consumer, Position from, Position to) {
  if (!is_ours(from) || !is_ours(to)) return invalid(fmt::format("{}: not a position of this store", consumer));
  VF_ASSIGN(const auto cursor, read_cursor(db_, consumer));
  if (!cursor) return conflict(fmt::format("{} has no cursor yet: start it first", consumer));
  if (*cursor != seq_of(from)) {
    return conflict(
        fmt::format("the cursor of {} is at {}, not at {}: another process moved it", consumer, *cursor, from.seq));
  }
  if (to <= from || seq_of(to) > end_) {
    return invalid(
        fmt::format("{}: {} to {} is not a range of the outbox, which ends at {}", consumer, from.seq, to.seq, end_));
  }
  return {};
}

Result<WriteResult> TransactionWriter::operator()(const AdvanceCursor& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  VF_TRY(check_range(write.consumer, write.from, write.to));
  return done_or_error(db_.query(kInsertBatch)
                           .text(write.consumer)
                           .integer(seq_of(write.from))
                           .integer(seq_of(write.to))
                           .integer(write.count)
                           .integer(write.attempts)
                           .time(write.sent_at)
                           .text(now_text_)
                           .text(write.config_version)
                           .text(to_string(write.skip_reason))
                           .null()
                           .run());
}

Result<WriteResult> TransactionWriter::operator()(const PinBatch& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  VF_TRY(check_range(write.consumer, write.from, write.to));
  const std::string pin = pin_name(write.consumer);
  {
    Query exists = db_.query(kPinExists);
    VF_ASSIGN(const auto row, exists.text(pin).integer(seq_of(write.from)).step());
    if (row) {
      return conflict(fmt::format("{} has already pinned a batch from {}: read it with open_pin() and finish it",
                                  write.consumer, write.from.seq));
    }
  }
  return done_or_error(db_.query(kInsertBatch)
                           .text(pin)
                           .integer(seq_of(write.from))
                           .integer(seq_of(write.to))
                           .integer(write.count)
                           .integer(0)
                           .text(now_text_)
                           .null()
                           .text("")
                           .null()
                           .text(write.digest)
                           .run());
}

Result<WriteResult> TransactionWriter::operator()(const PutDelivery& write) {
  VF_TRY(check_lease(write.target, write.epoch));
  Query put = db_.query(kPutDelivery);
  put.uuid(write.event_id)
      .text(write.target)
      .integer(seq_of(write.position))
      .text(write.state == PutDelivery::State::dead ? "dead" : "retry")
      .integer(write.attempts)
      .time(write.next_attempt_at)
      .text(write.reason);
  write.first_failed_at ? put.time(*write.first_failed_at) : put.null();
  return done_or_error(put.run());
}

Result<WriteResult> TransactionWriter::operator()(const DropDelivery& write) {
  VF_TRY(check_lease(write.target, write.epoch));
  VF_TRY(db_.query(kDropDelivery).uuid(write.event_id).text(write.target).run());
  return done_or_error(db_.query(kDropKept).uuid(write.event_id).run());
}

Result<WriteResult> TransactionWriter::operator()(const RetryDeadLetters& write) {
  DeadLettersChanged letters;
  for (const Uuid event : write.events) {
    VF_TRY(db_.query(kRetryDead).time(write.due).uuid(event).text(write.target).run());
    letters.changed += db_.changes();
  }
  return WriteResult{letters};
}

Result<WriteResult> TransactionWriter::operator()(const DropDeadLetters& write) {
  DeadLettersChanged letters;
  for (const Uuid event : write.events) {
    VF_TRY(db_.query(kDropDead).uuid(event).text(write.target).run());
    if (db_.changes() == 0) continue;
    ++letters.changed;
    VF_TRY(db_.query(kDropKept).uuid(event).run());
  }
  return WriteResult{letters};
}

/// Adds a row of ingest_outbox_batch without from_position: it sets the cursor and stands for no batch.
Result<void> TransactionWriter::put_cursor(const std::string& consumer, int64_t seq) {
  return db_.query(kInsertBatch)
      .text(consumer)
      .null()
      .integer(seq)
      .integer(0)
      .integer(0)
      .text(now_text_)
      .text(now_text_)
      .text("")
      .null()
      .null()
      .run();
}

Result<WriteResult> TransactionWriter::operator()(const StartConsumer& write) {
  VF_ASSIGN(const auto cursor, read_cursor(db_, write.consumer));
  if (cursor) return WriteResult{Written{}};
  if (write.at == StartConsumer::At::now) return done_or_error(put_cursor(write.consumer, end_));
  VF_ASSIGN(const auto first, read_first(db_));
  return done_or_error(put_cursor(write.consumer, first - 1));
}

Result<WriteResult> TransactionWriter::operator()(const MoveCursor& write) {
  VF_TRY(check_lease(write.consumer, write.epoch));
  if (!is_ours(write.to) || seq_of(write.to) > end_) {
    return invalid(fmt::format("{}: {} is after the outbox's end, {}", write.consumer, write.to.seq, end_));
  }
  // Batches from the new position on will be recorded again with the same from_position, so delete them first.
  const int64_t to = seq_of(write.to);
  VF_TRY(db_.query(kDeleteFrom).text(write.consumer).integer(to).run());
  const std::string pin = pin_name(write.consumer);
  VF_TRY(db_.query(kDeletePins).text(pin).integer(to).run());
  VF_TRY(put_cursor(write.consumer, to));
  return (*this)(AddAudit{.at = now_,
                          .actor = "hub",
                          .action = "move cursor",
                          .detail = fmt::format("{} to {}: {}", write.consumer, write.to.to_string(), write.reason)});
}

Result<WriteResult> TransactionWriter::operator()(const PutSetting& write) {
  if (write.value.empty()) return done_or_error(db_.query(kDropSetting).text(write.key).run());
  return done_or_error(db_.query(kPutSetting).text(write.key).text(write.value).run());
}

Result<WriteResult> TransactionWriter::operator()(const AddAudit& write) {
  return done_or_error(
      db_.query(kAddAudit).time(write.at).text(write.actor).text(write.action).text(write.detail).run());
}

Result<WriteResult> TransactionWriter::operator()(const RetentionStep& write) {
  VF_ASSIGN(const auto removed, retention_step(db_, write));
  return WriteResult{RowsRemoved{.removed = removed}};
}

Result<WriteResult> TransactionWriter::operator()(const RunWrite& write) {
  VF_ASSIGN(auto result, write_run(db_, kHubRuns, write, now_));
  return to_write_result(std::move(result));
}

}  // namespace vf::store::sqlite
