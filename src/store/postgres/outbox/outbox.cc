#include "store/postgres/outbox/outbox.h"

#include <algorithm>
#include <limits>

#include "store/postgres/outbox/commit.h"
#include "store/postgres/outbox/event_row.h"
#include "store/postgres/outbox/orders.h"
#include "store/postgres/outbox/reader.h"
#include "store/postgres/outbox/retention.h"
#include "store/postgres/outbox/schema.h"
#include "store/postgres/outbox/search.h"
#include "store/postgres/outbox/transaction_writer.h"
#include "store/postgres/pool.h"
#include "store/postgres/roles.h"
#include "store/postgres/runs.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kFind =
    "SELECT " VF_EVENT_COLUMNS
    " FROM ingest.processed_webhooks l JOIN ingest.ingest_outbox o ON o.received_at = l.received_at AND o.era = l.era "
    "AND o.tx = l.tx AND o.seq = l.seq WHERE l.event_id = $1";
constexpr const char* kFindKept = "SELECT " VF_EVENT_COLUMNS " FROM ingest.ingest_outbox_kept o WHERE o.event_id = $1";
constexpr const char* kLedger =
    "SELECT l.received_at, o.era, o.tx, o.seq FROM ingest.processed_webhooks l LEFT JOIN ingest.ingest_outbox o "
    "ON o.received_at = l.received_at AND o.era = l.era AND o.tx = l.tx AND o.seq = l.seq WHERE l.event_id = $1";
constexpr const char* kBacklog = "SELECT waiting, oldest FROM ingest.backlog($1::integer, $2::text::xid8, $3, $4)";
// Pins are stored in the order of their positions, so only the newest pin can be after the cursor.
constexpr const char* kOpenPin =
    "SELECT p.from_position, p.to_position, p.count, p.digest FROM (SELECT * FROM ingest.ingest_outbox_batch "
    "WHERE target = $1 ORDER BY batch DESC LIMIT 1) p WHERE p.to_position > "
    "(SELECT to_position FROM ingest.ingest_outbox_batch WHERE target = $2 ORDER BY batch DESC LIMIT 1)";
constexpr const char* kBatchOf =
    "SELECT from_position, to_position, count, attempts, sent_at, acked_at, passage FROM ingest.ingest_outbox_batch "
    "WHERE target = $1 AND from_position < $2 ORDER BY from_position DESC LIMIT 1";
#define VF_DELIVERY                                                                               \
  "SELECT target, position, event_id, state, attempts, next_attempt_at, reason, first_failed_at " \
  "FROM ingest.ingest_outbox_delivery "
constexpr const char* kDeliveries = VF_DELIVERY "WHERE target = $1 AND state = $2 ORDER BY position LIMIT $3";
constexpr const char* kDeliveriesOf = VF_DELIVERY "WHERE event_id = $1 ORDER BY target";
constexpr const char* kDeliveriesAfter = VF_DELIVERY "WHERE target = $1 AND position > $2 ORDER BY position LIMIT $3";
// Finds each name by one look into an index: the tables have many rows of each.
constexpr const char* kConsumers =
    "WITH RECURSIVE cursors (consumer) AS (SELECT min(target) FROM ingest.ingest_outbox_batch UNION ALL "
    "SELECT (SELECT min(target) FROM ingest.ingest_outbox_batch WHERE target > consumer) FROM cursors "
    "WHERE consumer IS NOT NULL), letters (consumer) AS (SELECT min(target) FROM ingest.ingest_outbox_delivery UNION "
    "ALL "
    "SELECT (SELECT min(target) FROM ingest.ingest_outbox_delivery WHERE target > consumer) FROM letters "
    "WHERE consumer IS NOT NULL) SELECT consumer, coalesce((SELECT config_version FROM ingest.ingest_outbox_batch "
    "WHERE target = consumer ORDER BY batch DESC LIMIT 1), '') FROM (SELECT consumer FROM cursors UNION "
    "SELECT consumer FROM letters) AS known WHERE consumer IS NOT NULL AND consumer NOT LIKE '%.pin' ORDER BY consumer";
constexpr const char* kCountDeliveries = "SELECT ingest.count_deliveries($1, $2, $3)";
constexpr const char* kRevived =
    VF_DELIVERY "WHERE target = $1 AND state = 'retry' AND first_failed_at IS NULL ORDER BY next_attempt_at LIMIT $2";
constexpr const char* kAudit =
    "SELECT entry, at, actor, action, detail FROM ingest.ingest_audit WHERE entry < $1 ORDER BY entry DESC LIMIT $2";

const char* state_name(PutDelivery::State state) { return state == PutDelivery::State::dead ? "dead" : "retry"; }

PutDelivery read_delivery(const Rows& rows, int i) {
  return {.target = rows.text_at(i, 0),
          .position = position_text_at(rows, i, 1),
          .event_id = rows.uuid_at(i, 2),
          .state = rows.bytes_at(i, 3) == "dead" ? PutDelivery::State::dead : PutDelivery::State::retry,
          .attempts = rows.integer_at(i, 4),
          .next_attempt_at = rows.time_at(i, 5),
          .reason = rows.text_at(i, 6),
          .first_failed_at = rows.is_null(i, 7) ? std::nullopt : std::optional(rows.time_at(i, 7))};
}

/// Returns all rows of a result, each converted by `read`.
template <class Read>
auto collect(const Result<Rows>& rows, Read read) -> Result<std::vector<decltype(read(*rows, 0))>> {
  if (!rows) return rows.error();
  std::vector<decltype(read(*rows, 0))> out;
  for (int i = 0; i < rows->size(); ++i) out.push_back(read(*rows, i));
  return out;
}

ConnectionParams connection_of(const OutboxParams& params) {
  return {.url = params.url, .role = params.role, .on_connect = check_server_of_outbox};
}

class PostgresOutboxStore final : public OutboxStore {
 public:
  explicit PostgresOutboxStore(const OutboxParams& params)
      : params_(params),
        writers_(connection_of(params), params.writers),
        readers_(connection_of(params), params.readers),
        reader_(params.check_every) {}

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
  Result<void> ping() override;
  Result<Instant> time(Instant ours) override;

 private:
  /// Returns the time of a call by this store's clock; nullopt: the server's.
  std::optional<Instant> time_of(Instant now) const { return params_.server_time ? std::nullopt : std::optional(now); }
  /// Runs one statement that reads, on one of the readers' connections.
  Result<Rows> query(const char* sql, const Values& values = {}) {
    VF_ASSIGN(auto db, readers_.lease());
    return db->query(sql, values);
  }

  const OutboxParams params_;
  Pool writers_;
  Pool readers_;
  OutboxReader reader_;
};

Result<std::vector<WriteResult>> PostgresOutboxStore::write(std::span<const Write> writes, Instant now,
                                                            size_t* failed_index) {
  if (writes.empty()) return std::vector<WriteResult>{};
  VF_ASSIGN(auto db, writers_.lease());
  const TransactionWriter::Params params{.now = time_of(now), .whole_days = params_.whole_days};
  return commit_writes(*db, writes, params, failed_index);
}

Result<std::vector<OutboxRow>> PostgresOutboxStore::read_after(const ReadAfter& params) {
  VF_ASSIGN(auto db, readers_.lease());
  return reader_.read(*db, params);
}

Result<Position> PostgresOutboxStore::end() {
  VF_ASSIGN(auto db, readers_.lease());
  return read_end(*db);
}

Result<Position> PostgresOutboxStore::purged() {
  VF_ASSIGN(auto db, readers_.lease());
  return read_purged(*db);
}

Result<std::optional<Position>> PostgresOutboxStore::cursor(const std::string& consumer) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_cursor(*db, consumer);
}

Result<std::optional<PinBatch>> PostgresOutboxStore::open_pin(const std::string& consumer) {
  VF_ASSIGN(const auto rows, query(kOpenPin, Values().text(pin_name(consumer)).text(consumer)));
  if (rows.empty()) return std::nullopt;
  return PinBatch{.consumer = consumer,
                  .from = position_text_at(rows, 0, 0),
                  .to = position_text_at(rows, 0, 1),
                  .count = rows.integer_at(0, 2),
                  .digest = rows.text_at(0, 3)};
}

Result<Backlog> PostgresOutboxStore::backlog(Position after) {
  Values values;
  VF_ASSIGN(const auto rows, query(kBacklog, add_position(values, after).integer(kBacklogRowsMax + 1)));
  const int64_t found = rows.integer_at(0, 0);
  Backlog backlog{.rows = std::min(found, kBacklogRowsMax), .more = found > kBacklogRowsMax, .oldest = {}};
  if (!rows.is_null(0, 1)) backlog.oldest = rows.time_at(0, 1);
  return backlog;
}

Result<std::vector<PutDelivery>> PostgresOutboxStore::deliveries(const std::string& target, PutDelivery::State state,
                                                                 size_t rows_max) {
  return collect(query(kDeliveries, Values().text(target).text(state_name(state)).limit(rows_max)), read_delivery);
}

Result<std::vector<PutDelivery>> PostgresOutboxStore::deliveries_of(Uuid event_id) {
  return collect(query(kDeliveriesOf, Values().uuid(event_id)), read_delivery);
}

Result<std::vector<PutDelivery>> PostgresOutboxStore::deliveries_after(const std::string& target, Position after,
                                                                       size_t rows_max) {
  return collect(query(kDeliveriesAfter, Values().text(target).text(after.to_string()).limit(rows_max)), read_delivery);
}

Result<int64_t> PostgresOutboxStore::count_deliveries(const std::string& target, PutDelivery::State state,
                                                      int64_t at_most) {
  VF_ASSIGN(const auto rows, query(kCountDeliveries, Values().text(target).text(state_name(state)).integer(at_most)));
  return rows.integer_at(0, 0);
}

Result<std::vector<PutDelivery>> PostgresOutboxStore::revived(const std::string& target, size_t rows_max) {
  return collect(query(kRevived, Values().text(target).limit(rows_max)), read_delivery);
}

Result<std::optional<OutboxRow>> PostgresOutboxStore::find(Uuid event_id) {
  for (const char* sql : {kFind, kFindKept}) {
    VF_ASSIGN(const auto rows, query(sql, Values().uuid(event_id)));
    if (!rows.empty()) return std::optional(read_event(rows, 0));
  }
  return std::nullopt;
}

Result<std::optional<LedgerEntry>> PostgresOutboxStore::ledger(Uuid event_id) {
  VF_ASSIGN(const auto rows, query(kLedger, Values().uuid(event_id)));
  if (rows.empty()) return std::nullopt;
  LedgerEntry entry{.event_id = event_id, .received = rows.time_at(0, 0), .position = {}};
  if (!rows.is_null(0, 1)) entry.position = position_at(rows, 0, 1);
  return entry;
}

Result<std::optional<BatchRow>> PostgresOutboxStore::batch_of(const std::string& consumer, Position position) {
  VF_ASSIGN(const auto rows, query(kBatchOf, Values().text(consumer).text(position.to_string())));
  if (rows.empty() || position_text_at(rows, 0, 1) < position) return std::nullopt;
  return BatchRow{.consumer = consumer,
                  .from = position_text_at(rows, 0, 0),
                  .to = position_text_at(rows, 0, 1),
                  .count = rows.integer_at(0, 2),
                  .attempts = rows.integer_at(0, 3),
                  .sent_at = rows.time_at(0, 4),
                  .acked_at = rows.time_at(0, 5),
                  .skip_reason = parse_skip_reason(rows.text_at(0, 6))};
}

Result<std::vector<OutboxRow>> PostgresOutboxStore::search(const EventFilter& filter) {
  VF_ASSIGN(auto db, readers_.lease());
  return search_outbox(*db, filter);
}

Result<std::vector<ConsumerRow>> PostgresOutboxStore::consumers() {
  return collect(query(kConsumers), [](const Rows& rows, int i) {
    return ConsumerRow{.name = rows.text_at(i, 0), .config_version = rows.text_at(i, 1)};
  });
}

Result<std::vector<PutSetting>> PostgresOutboxStore::settings() {
  VF_ASSIGN(auto db, readers_.lease());
  return read_orders(*db);
}

Result<std::vector<AuditRow>> PostgresOutboxStore::audit(const AuditFilter& filter) {
  const int64_t before = filter.before.value_or(std::numeric_limits<int64_t>::max());
  return collect(query(kAudit, Values().integer(before).limit(filter.rows_max)), [](const Rows& rows, int i) {
    return AuditRow{.number = rows.integer_at(i, 0),
                    .entry = {.at = rows.time_at(i, 1),
                              .actor = rows.text_at(i, 2),
                              .action = rows.text_at(i, 3),
                              .detail = rows.text_at(i, 4)}};
  });
}

Result<std::vector<Run>> PostgresOutboxStore::runs(const RunFilter& filter) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_runs(*db, kHubRuns, filter);
}

Result<std::optional<Run>> PostgresOutboxStore::find_run(Uuid id) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_run(*db, kHubRuns, id);
}

Result<std::vector<JobRuns>> PostgresOutboxStore::last_runs() {
  VF_ASSIGN(auto db, readers_.lease());
  return read_last_runs(*db, kHubRuns);
}

Result<std::vector<std::string>> PostgresOutboxStore::waiting_jobs(Instant now) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_waiting_jobs(*db, kHubRuns, time_of(now));
}

Result<void> PostgresOutboxStore::ping() {
  VF_ASSIGN(auto db, readers_.lease());
  return check_server_of_outbox(*db);
}

Result<Instant> PostgresOutboxStore::time(Instant ours) {
  if (!params_.server_time) return ours;
  VF_ASSIGN(auto db, readers_.lease());
  return db->server_time();
}

Result<Connection> connect(const std::string& url, const std::string& role) {
  return Connection::open({.url = url, .role = role});
}

}  // namespace

Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params) {
  VF_ASSIGN(auto db, connect(params.url, params.role));
  VF_TRY(check_outbox(db));
  VF_TRY(add_partitions(db, std::nullopt));
  return std::make_unique<PostgresOutboxStore>(params);
}

Result<std::vector<std::string>> pending_outbox(const std::string& url) {
  VF_ASSIGN(auto db, connect(url, "migrate"));
  return pending_of_outbox(db);
}

Result<std::vector<std::string>> newer_outbox(const std::string& url) {
  VF_ASSIGN(auto db, connect(url, "migrate"));
  return newer_migrations(db, outbox_schema(db));
}

Result<std::vector<std::string>> migrate_outbox(const std::string& url) {
  VF_ASSIGN(auto db, connect_to_migrate(url, "ingest"));
  return prepare_outbox(db);
}

}  // namespace vf::store::postgres
