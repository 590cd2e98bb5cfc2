#include "store/sqlite/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>

#include "store/sqlite/database.h"
#include "store/sqlite/event_row.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/outbox_search.h"
#include "store/sqlite/runs.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/transaction_writer.h"

namespace vf::store::sqlite {
namespace {

constexpr std::string_view kReadAfter =
    "SELECT " VF_EVENT_COLUMNS " FROM ingest_outbox o WHERE o.seq > ? ORDER BY o.seq LIMIT ?";
constexpr std::string_view kFind =
    "SELECT " VF_EVENT_COLUMNS " FROM processed_webhooks l JOIN ingest_outbox o ON o.seq = l.seq WHERE l.event_id = ?";
constexpr std::string_view kLedger =
    "SELECT l.event_id, l.received_at, o.seq FROM processed_webhooks l LEFT JOIN ingest_outbox o ON o.seq = l.seq "
    "WHERE l.event_id = ?";
constexpr std::string_view kFindKept = "SELECT " VF_EVENT_COLUMNS " FROM ingest_outbox_kept o WHERE o.event_id = ?";
constexpr std::string_view kReceivedAfter = "SELECT received_at FROM ingest_outbox WHERE seq > ? ORDER BY seq LIMIT 1";
// Pins are stored in the order of their positions, so only the newest pin can be after the cursor.
constexpr std::string_view kOpenPin =
    "SELECT from_position, to_position, count, digest FROM (SELECT * FROM ingest_outbox_batch WHERE target = ? "
    "ORDER BY batch DESC LIMIT 1) WHERE to_position > "
    "(SELECT to_position FROM ingest_outbox_batch WHERE target = ? ORDER BY batch DESC LIMIT 1)";
constexpr std::string_view kBatchOf =
    "SELECT from_position, to_position, count, attempts, sent_at, acked_at, passage FROM ingest_outbox_batch "
    "WHERE target = ? AND from_position < ? ORDER BY from_position DESC LIMIT 1";
#define VF_DELIVERY                                                                               \
  "SELECT target, position, event_id, state, attempts, next_attempt_at, reason, first_failed_at " \
  "FROM ingest_outbox_delivery "
constexpr std::string_view kDeliveries = VF_DELIVERY "WHERE target = ? AND state = ? ORDER BY position LIMIT ?";
constexpr std::string_view kDeliveriesOf = VF_DELIVERY "WHERE event_id = ? ORDER BY target";
constexpr std::string_view kDeliveriesAfter = VF_DELIVERY "WHERE target = ? AND position > ? ORDER BY position LIMIT ?";
// Finds each name by one look into an index: the tables have many rows of each.
constexpr std::string_view kConsumers =
    "WITH RECURSIVE cursors (consumer) AS (SELECT min(target) FROM ingest_outbox_batch UNION ALL "
    "SELECT (SELECT min(target) FROM ingest_outbox_batch WHERE target > consumer) FROM cursors "
    "WHERE consumer IS NOT NULL), letters (consumer) AS (SELECT min(target) FROM ingest_outbox_delivery UNION ALL "
    "SELECT (SELECT min(target) FROM ingest_outbox_delivery WHERE target > consumer) FROM letters "
    "WHERE consumer IS NOT NULL) SELECT consumer, coalesce((SELECT config_version FROM ingest_outbox_batch "
    "WHERE target = consumer ORDER BY batch DESC LIMIT 1), '') FROM (SELECT consumer FROM cursors UNION "
    "SELECT consumer FROM letters) AS known WHERE consumer IS NOT NULL AND consumer NOT LIKE '%.pin' ORDER BY consumer";
constexpr std::string_view kCountDeliveries =
    "SELECT count(*) FROM (SELECT 1 FROM ingest_outbox_delivery WHERE target = ? AND state = ? LIMIT ?)";
// Without INDEXED BY the planner takes an index that holds every retry.
constexpr std::string_view kRevived = VF_DELIVERY
    "INDEXED BY ingest_outbox_delivery_revived WHERE target = ? AND state = 'retry' AND first_failed_at IS NULL "
    "ORDER BY next_attempt_at LIMIT ?";
constexpr std::string_view kSettings = "SELECT key, value FROM ingest_settings ORDER BY key";
constexpr std::string_view kAudit =
    "SELECT entry, at, actor, action, detail FROM ingest_audit WHERE entry < ? ORDER BY entry DESC LIMIT ?";

std::string_view state_name(PutDelivery::State state) { return state == PutDelivery::State::dead ? "dead" : "retry"; }

PutDelivery read_delivery(const Query& query) {
  return {.target = query.text_at(0),
          .position = position_of(query.integer_at(1)),
          .event_id = query.uuid_at(2),
          .state = query.view_at(3) == "dead" ? PutDelivery::State::dead : PutDelivery::State::retry,
          .attempts = query.integer_at(4),
          .next_attempt_at = query.time_at(5),
          .reason = query.text_at(6),
          .first_failed_at = query.is_null(7) ? std::nullopt : std::optional(query.time_at(7))};
}

MigrationTarget target_of(const std::string& path) {
  return {.database = std::filesystem::path(path).filename().string(), .command = "vf migrate dm"};
}

class SqliteOutboxStore final : public OutboxStore {
 public:
  SqliteOutboxStore(FileLock lock, std::unique_ptr<Database> db) : lock_(std::move(lock)), db_(std::move(db)) {}

  Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) override;
  Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) override;
  Result<Position> end() override;
  Result<Position> purged() override;
  Result<std::optional<Position>> cursor(const std::string& consumer) override;
  Result<std::vector<ConsumerRow>> consumers() override;
  Result<std::optional<PinBatch>> open_pin(const std::string& consumer) override;
  Result<Backlog> backlog(Position after) override;
  Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                              size_t rows_max) override;
  Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) override;
  Result<std::vector<PutDelivery>> deliveries_after(const std::string& target, Position after,
                                                    size_t rows_max) override;
  Result<int64_t> count_deliveries(const std::string& target, PutDelivery::State state, int64_t at_most) override;
  Result<std::vector<PutDelivery>> revived(const std::string& target, size_t rows_max) override;
  Result<std::optional<OutboxRow>> find(Uuid event_id) override;
  Result<std::optional<LedgerEntry>> ledger(Uuid event_id) override;
  Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) override;
  Result<std::vector<OutboxRow>> search(const EventFilter& filter) override;
  Result<std::vector<PutSetting>> settings() override;
  Result<std::vector<AuditRow>> audit(const AuditFilter& filter) override;
  Result<std::vector<Run>> runs(const RunFilter& filter) override;
  Result<std::optional<Run>> find_run(Uuid id) override;
  Result<std::vector<JobRuns>> last_runs() override;
  Result<std::vector<std::string>> waiting_jobs(Instant now) override;
  Result<void> ping() override { return db_->ping(); }

 private:
  FileLock lock_;  // declared before the database, so that it is released last
  std::unique_ptr<Database> db_;
};

Result<std::vector<WriteResult>> SqliteOutboxStore::write(std::span<const Write> writes, Instant now,
                                                          size_t* failed_index) {
  std::vector<WriteResult> results;
  results.reserve(writes.size());
  const auto done = db_->transaction([&](Connection& db) -> Result<void> {
    VF_ASSIGN(auto writer, TransactionWriter::begin(db, now));
    for (const Write& write : writes) {
      VF_ASSIGN(auto result, std::visit(writer, write));
      results.push_back(result);
    }
    return {};
  });
  if (done) return results;
  if (failed_index != nullptr && is_refusal(done.error())) *failed_index = results.size();
  return done.error();
}

Result<std::vector<OutboxRow>> SqliteOutboxStore::read_after(const ReadAfter& params) {
  auto db = db_->read();
  Query query = db->query(kReadAfter);
  query.integer(static_cast<int64_t>(params.after.seq)).integer(limit(params.rows_max));
  std::vector<OutboxRow> rows;
  size_t bytes = 0;
  while (rows.empty() || bytes < params.bytes_max) {
    VF_ASSIGN(const auto row, query.step());
    if (!row) break;
    const Event& event = rows.emplace_back(read_event(query)).event;
    bytes += event.body.size() + event.headers.size();
  }
  return rows;
}

Result<Position> SqliteOutboxStore::end() {
  auto db = db_->read();
  VF_ASSIGN(const auto end, read_end(*db));
  return position_of(end);
}

// The row before the oldest row is the last one removed: numbers have no gaps, and retention removes the oldest rows
// first.
Result<Position> SqliteOutboxStore::purged() {
  auto db = db_->read();
  VF_ASSIGN(const auto first, read_first(*db));
  return position_of(first - 1);
}

Result<std::optional<Position>> SqliteOutboxStore::cursor(const std::string& consumer) {
  auto db = db_->read();
  VF_ASSIGN(const auto seq, read_cursor(*db, consumer));
  return seq ? std::optional(position_of(*seq)) : std::nullopt;
}

Result<std::optional<PinBatch>> SqliteOutboxStore::open_pin(const std::string& consumer) {
  auto db = db_->read();
  Query query = db->query(kOpenPin);
  const std::string pin = pin_name(consumer);
  VF_ASSIGN(const auto row, query.text(pin).text(consumer).step());
  if (!row) return std::nullopt;
  return PinBatch{.consumer = consumer,
                  .from = position_of(query.integer_at(0)),
                  .to = position_of(query.integer_at(1)),
                  .count = query.integer_at(2),
                  .digest = query.text_at(3)};
}

// Counts the rows by a subtraction: numbers have no gaps (one writer gives them), and retention removes the oldest rows
// first.
Result<Backlog> SqliteOutboxStore::backlog(Position after) {
  auto db = db_->read();
  VF_ASSIGN(const auto first, read_first(*db));
  VF_ASSIGN(const auto end, read_end(*db));
  const int64_t passed = std::max(static_cast<int64_t>(after.seq), first - 1);
  const int64_t rows = std::max<int64_t>(end - passed, 0);
  Backlog backlog{.rows = std::min(rows, kBacklogRowsMax), .more = rows > kBacklogRowsMax, .oldest = {}};
  Query query = db->query(kReceivedAfter);
  VF_ASSIGN(const auto row, query.integer(passed).step());
  if (row) backlog.oldest = query.time_at(0);
  return backlog;
}

Result<std::vector<PutDelivery>> SqliteOutboxStore::deliveries(const std::string& target, PutDelivery::State state,
                                                               size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kDeliveries);
  query.text(target).text(state_name(state)).integer(limit(rows_max));
  return collect(query, read_delivery);
}

Result<std::vector<PutDelivery>> SqliteOutboxStore::deliveries_of(Uuid event_id) {
  auto db = db_->read();
  Query query = db->query(kDeliveriesOf);
  query.uuid(event_id);
  return collect(query, read_delivery);
}

Result<std::vector<PutDelivery>> SqliteOutboxStore::deliveries_after(const std::string& target, Position after,
                                                                     size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kDeliveriesAfter);
  query.text(target).integer(static_cast<int64_t>(after.seq)).integer(limit(rows_max));
  return collect(query, read_delivery);
}

Result<int64_t> SqliteOutboxStore::count_deliveries(const std::string& target, PutDelivery::State state,
                                                    int64_t at_most) {
  auto db = db_->read();
  Query query = db->query(kCountDeliveries);
  VF_TRY(query.text(target).text(state_name(state)).integer(at_most).step());
  return query.integer_at(0);
}

Result<std::vector<PutDelivery>> SqliteOutboxStore::revived(const std::string& target, size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kRevived);
  query.text(target).integer(limit(rows_max));
  return collect(query, read_delivery);
}

Result<std::optional<OutboxRow>> SqliteOutboxStore::find(Uuid event_id) {
  auto db = db_->read();
  for (const std::string_view sql : {kFind, kFindKept}) {
    Query query = db->query(sql);
    VF_ASSIGN(const auto row, query.uuid(event_id).step());
    if (row) return std::optional(read_event(query));
  }
  return std::nullopt;
}

Result<std::optional<LedgerEntry>> SqliteOutboxStore::ledger(Uuid event_id) {
  auto db = db_->read();
  Query query = db->query(kLedger);
  VF_ASSIGN(const auto row, query.uuid(event_id).step());
  if (!row) return std::nullopt;
  LedgerEntry entry{.event_id = query.uuid_at(0), .received = query.time_at(1), .position = {}};
  if (!query.is_null(2)) entry.position = position_of(query.integer_at(2));
  return entry;
}

Result<std::optional<BatchRow>> SqliteOutboxStore::batch_of(const std::string& consumer, Position position) {
  auto db = db_->read();
  Query query = db->query(kBatchOf);
  const auto seq = static_cast<int64_t>(position.seq);
  VF_ASSIGN(const auto row, query.text(consumer).integer(seq).step());
  if (!row || query.integer_at(1) < seq) return std::nullopt;
  return BatchRow{.consumer = consumer,
                  .from = position_of(query.integer_at(0)),
                  .to = position_of(query.integer_at(1)),
                  .count = query.integer_at(2),
                  .attempts = query.integer_at(3),
                  .sent_at = query.time_at(4),
                  .acked_at = query.time_at(5),
                  .skip_reason = parse_skip_reason(query.view_at(6))};
}

Result<std::vector<OutboxRow>> SqliteOutboxStore::search(const EventFilter& filter) {
  auto db = db_->read();
  return search_outbox(*db, filter);
}

Result<std::vector<ConsumerRow>> SqliteOutboxStore::consumers() {
  auto db = db_->read();
  Query query = db->query(kConsumers);
  return collect(
      query, [](const Query& row) { return ConsumerRow{.name = row.text_at(0), .config_version = row.text_at(1)}; });
}

Result<std::vector<PutSetting>> SqliteOutboxStore::settings() {
  auto db = db_->read();
  Query query = db->query(kSettings);
  return collect(query, [](const Query& row) { return PutSetting{.key = row.text_at(0), .value = row.text_at(1)}; });
}

Result<std::vector<AuditRow>> SqliteOutboxStore::audit(const AuditFilter& filter) {
  auto db = db_->read();
  Query query = db->query(kAudit);
  query.integer(filter.before.value_or(std::numeric_limits<int64_t>::max())).integer(limit(filter.rows_max));
  return collect(query, [](const Query& row) {
    return AuditRow{
        .number = row.integer_at(0),
        .entry = {.at = row.time_at(1), .actor = row.text_at(2), .action = row.text_at(3), .detail = row.text_at(4)}};
  });
}

Result<std::vector<Run>> SqliteOutboxStore::runs(const RunFilter& filter) {
  auto db = db_->read();
  return read_runs(*db, kHubRuns, filter);
}

Result<std::optional<Run>> SqliteOutboxStore::find_run(Uuid id) {
  auto db = db_->read();
  return read_run(*db, kHubRuns, id);
}

Result<std::vector<JobRuns>> SqliteOutboxStore::last_runs() {
  auto db = db_->read();
  return read_last_runs(*db, kHubRuns);
}

Result<std::vector<std::string>> SqliteOutboxStore::waiting_jobs(Instant now) {
  auto db = db_->read();
  return read_waiting_jobs(*db, kHubRuns, now);
}

}  // namespace

Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params) {
  VF_ASSIGN(auto lock, FileLock::take(params.path));
  VF_ASSIGN(auto db, Database::open({.path = params.path,
                                     .migrations = outbox_migrations(),
                                     .target = target_of(params.path),
                                     .now = params.now,
                                     .readers = params.readers}));
  return std::make_unique<SqliteOutboxStore>(std::move(lock), std::move(db));
}

Result<std::vector<std::string>> pending_outbox(const std::string& path) {
  return pending_migrations(path, outbox_migrations(), target_of(path));
}

}  // namespace vf::store::sqlite
