#include "store/sqlite/environment.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/sqlite/database.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/projection_writer.h"
#include "store/sqlite/runs.h"
#include "store/sqlite/schema.h"

namespace vf::store::sqlite {
namespace {

// Rows are updated all over their tables: a small page costs less to rewrite than a page of the outbox's size
// (measured: 16.5 against 21.5 microseconds of CPU per row of chat_activity).
constexpr int kPageBytes = 4096;

constexpr std::string_view kProcessed =
    "SELECT p.event_id, p.source, p.type, p.status, p.time, p.received_at, coalesce(q.reason, '') "
    "FROM processed_events p LEFT JOIN quarantined_events q ON q.event_id = p.event_id WHERE p.event_id = ?";
#define VF_QUARANTINED \
  "SELECT event_id, source, type, reason, envelope, quarantined_at, attempted_at, attempts FROM quarantined_events "
constexpr std::string_view kQuarantined = VF_QUARANTINED "ORDER BY attempted_at, event_id LIMIT ?";
constexpr std::string_view kNotTried =
    VF_QUARANTINED "WHERE attempted_at < ? OR attempted_at > ? ORDER BY attempted_at, event_id LIMIT ?";
constexpr std::string_view kQuarantinedAfter =
    "SELECT event_id, source, type, reason, '', quarantined_at, attempted_at, attempts FROM quarantined_events "
    "WHERE (quarantined_at, event_id) > (?, ?) ORDER BY quarantined_at, event_id LIMIT ?";
constexpr std::string_view kFindQuarantined = VF_QUARANTINED "WHERE event_id = ?";
constexpr std::string_view kCountQuarantined = "SELECT count(*) FROM (SELECT 1 FROM quarantined_events LIMIT ?)";
constexpr std::string_view kDropQuarantined = "DELETE FROM quarantined_events WHERE event_id = ?";
constexpr std::string_view kDropped = "UPDATE processed_events SET status = 'dropped' WHERE event_id = ?";
// Rows are numbered in the order of arrival. A row goes only after all rows before it: a row that a clock stamped too
// early, because it was set back for a while, takes no younger row with it.
constexpr std::string_view kPurgeProcessed =
    "WITH head AS (SELECT rowid AS number, received_at FROM processed_events ORDER BY rowid LIMIT ?1) "
    "DELETE FROM processed_events WHERE rowid <= (SELECT max(number) FROM head WHERE number < "
    "coalesce((SELECT min(number) FROM head WHERE received_at >= ?2), 9223372036854775807))";
constexpr std::string_view kPurgeQuarantined =
    "DELETE FROM quarantined_events WHERE event_id IN (SELECT event_id FROM quarantined_events "
    "WHERE quarantined_at < ? ORDER BY quarantined_at LIMIT ?)";

MigrationTarget target_of(const std::string& path, const std::string& environment) {
  return {.database = std::filesystem::path(path).filename().string(),
          .command = fmt::format("vf migrate env --env {}", environment)};
}

ProcessedEvent read_processed(const Query& query) {
  return {.event_id = query.uuid_at(0),
          .source = query.text_at(1),
          .type = query.text_at(2),
          .status = parse_applied(query.view_at(3)),
          .time = query.time_at(4),
          .received_at = query.time_at(5),
          .reason = query.text_at(6)};
}

QuarantinedEvent read_quarantined(const Query& query) {
  return {.event_id = query.uuid_at(0),
          .source = query.text_at(1),
          .type = query.text_at(2),
          .reason = query.text_at(3),
          .envelope = query.text_at(4),
          .quarantined_at = query.time_at(5),
          .attempted_at = query.time_at(6),
          .attempts = query.integer_at(7)};
}

class SqliteEnvironmentStore final : public EnvironmentStore {
 public:
  SqliteEnvironmentStore(std::span<const Table> tables, EnvironmentLock lock, std::unique_ptr<Database> db)
      : lock_(std::move(lock)), db_(std::move(db)) {
    for (const Table& table : tables) upserts_.emplace(&table, upsert_sql(table));
  }

  Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now, Refusals* refusals) override;
  Result<std::optional<ProcessedEvent>> processed(Uuid event_id) override;
  Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) override;
  Result<std::vector<QuarantinedEvent>> not_tried(Attempts between, size_t rows_max) override;
  Result<std::vector<QuarantinedEvent>> quarantined_after(const QuarantinePlace& after, size_t rows_max) override;
  Result<std::optional<QuarantinedEvent>> find_quarantined(Uuid event_id) override;
  Result<int64_t> count_quarantined(int64_t at_most) override;
  Result<int64_t> drop_quarantined(std::span<const Uuid> events) override;
  Result<int64_t> purge(const Purge& step) override;
  Result<RunResult> write_run(const RunWrite& write, Instant now) override;
  Result<std::vector<Run>> runs(const RunFilter& filter) override;
  Result<std::optional<Run>> find_run(Uuid id) override;
  Result<std::vector<JobRuns>> last_runs() override;
  Result<std::vector<std::string>> waiting_jobs(Instant now) override;
  Result<void> ping() override { return db_->ping(); }

 private:
  UpsertTexts upserts_;
  EnvironmentLock lock_;  // declared before the database, so that it is released last
  std::unique_ptr<Database> db_;
};

Result<std::vector<Applied>> SqliteEnvironmentStore::apply(std::span<const Projection> projections, Instant now,
                                                           Refusals* refusals) {
  std::vector<Applied> statuses;
  statuses.reserve(projections.size());
  VF_TRY(db_->transaction([&](Connection& db) -> Result<void> {
    ProjectionWriter writer(db, upserts_, now);
    for (const Projection& projection : projections) {
      VF_ASSIGN(const auto status, writer.record(projection));
      statuses.push_back(status);
    }
    const auto written = writer.write_rows();
    if (refusals) *refusals = std::move(writer.refusals());
    return written;
  }));
  return statuses;
}

Result<std::optional<ProcessedEvent>> SqliteEnvironmentStore::processed(Uuid event_id) {
  auto db = db_->read();
  Query query = db->query(kProcessed);
  VF_ASSIGN(const auto row, query.uuid(event_id).step());
  return row ? std::optional(read_processed(query)) : std::nullopt;
}

Result<std::vector<QuarantinedEvent>> SqliteEnvironmentStore::quarantined(size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kQuarantined);
  query.integer(limit(rows_max));
  return collect(query, read_quarantined);
}

Result<std::vector<QuarantinedEvent>> SqliteEnvironmentStore::not_tried(Attempts between, size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kNotTried);
  query.time(between.from).time(between.to).integer(limit(rows_max));
  return collect(query, read_quarantined);
}

Result<std::vector<QuarantinedEvent>> SqliteEnvironmentStore::quarantined_after(const QuarantinePlace& after,
                                                                                size_t rows_max) {
  auto db = db_->read();
  Query query = db->query(kQuarantinedAfter);
  query.time(after.quarantined_at).uuid(after.event_id).integer(limit(rows_max));
  return collect(query, read_quarantined);
}

Result<std::optional<QuarantinedEvent>> SqliteEnvironmentStore::find_quarantined(Uuid event_id) {
  auto db = db_->read();
  Query query = db->query(kFindQuarantined);
  VF_ASSIGN(const auto row, query.uuid(event_id).step());
  return row ? std::optional(read_quarantined(query)) : std::nullopt;
}

Result<int64_t> SqliteEnvironmentStore::count_quarantined(int64_t at_most) {
  auto db = db_->read();
  Query query = db->query(kCountQuarantined);
  VF_TRY(query.integer(at_most).step());
  return query.integer_at(0);
}

Result<int64_t> SqliteEnvironmentStore::drop_quarantined(std::span<const Uuid> events) {
  int64_t dropped = 0;
  VF_TRY(db_->transaction([&](Connection& db) -> Result<void> {
    for (const Uuid id : events) {
      VF_TRY(db.query(kDropQuarantined).uuid(id).run());
      if (db.changes() == 0) continue;
      ++dropped;
      VF_TRY(db.query(kDropped).uuid(id).run());
    }
    return {};
  }));
  return dropped;
}

Result<int64_t> SqliteEnvironmentStore::purge(const Purge& step) {
  int64_t removed = 0;
  VF_TRY(db_->transaction([&](Connection& db) -> Result<void> {
    VF_TRY(db.query(kPurgeProcessed).integer(step.rows_max).time(step.processed_before).run());
    removed = db.changes();
    VF_TRY(db.query(kPurgeQuarantined).time(step.quarantined_before).integer(step.rows_max).run());
    removed += db.changes();
    return db.release_free_pages();
  }));
  return removed;
}

Result<RunResult> SqliteEnvironmentStore::write_run(const RunWrite& write, Instant now) {
  RunResult result;
  VF_TRY(db_->transaction([&](Connection& db) -> Result<void> {
    VF_ASSIGN(result, sqlite::write_run(db, kEnvironmentRuns, write, now));
    return {};
  }));
  return result;
}

Result<std::vector<Run>> SqliteEnvironmentStore::runs(const RunFilter& filter) {
  auto db = db_->read();
  return read_runs(*db, kEnvironmentRuns, filter);
}

Result<std::optional<Run>> SqliteEnvironmentStore::find_run(Uuid id) {
  auto db = db_->read();
  return read_run(*db, kEnvironmentRuns, id);
}

Result<std::vector<JobRuns>> SqliteEnvironmentStore::last_runs() {
  auto db = db_->read();
  return read_last_runs(*db, kEnvironmentRuns);
}

Result<std::vector<std::string>> SqliteEnvironmentStore::waiting_jobs(Instant now) {
  auto db = db_->read();
  return read_waiting_jobs(*db, kEnvironmentRuns, now);
}

}  // namespace

Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params) {
  VF_ASSIGN(auto lock, EnvironmentLock::take(params.path, params.environment));
  VF_ASSIGN(auto db, Database::open({.path = params.path,
                                     .migrations = environment_migrations(),
                                     .target = target_of(params.path, params.environment),
                                     .now = params.now,
                                     .readers = params.readers,
                                     .page_bytes = kPageBytes}));
  return std::make_unique<SqliteEnvironmentStore>(params.tables, std::move(lock), std::move(db));
}

Result<std::vector<std::string>> pending_environment(const std::string& path, const std::string& environment) {
  return pending_migrations(path, environment_migrations(), target_of(path, environment));
}

}  // namespace vf::store::sqlite
