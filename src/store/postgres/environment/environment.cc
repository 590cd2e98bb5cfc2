#include "store/postgres/environment/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "store/postgres/connection.h"
#include "store/postgres/environment/projection_writer.h"
#include "store/postgres/environment/upsert.h"
#include "store/postgres/pool.h"
#include "store/postgres/roles.h"
#include "store/postgres/schema.h"
#include "store/postgres/server_clock.h"
#include "store/postgres/sqlstate.h"

namespace vf::store::postgres {
namespace {

constexpr int kAttemptsMax = 5;  // of a transaction that collides with others
// A process that stands still within a transaction holds up the others for no longer than `idle`, a server that says
// nothing this one no longer than `statement`.
constexpr TransactionLimits kLimits{.statement = Millis{8000}, .lock = Millis{7000}, .idle = Millis{5000}};
constexpr TransactionLimits kPurgeLimits{.idle = Millis{5000}};

constexpr const char* kProcessed =
    "SELECT p.event_id, p.source, p.type, p.status, p.time, p.received_at, coalesce(q.reason, '') FROM "
    "public.processed_events p LEFT JOIN public.quarantined_events q ON q.event_id = p.event_id WHERE p.event_id = $1";
constexpr const char* kQuarantined =
    "SELECT event_id, source, type, reason, envelope, quarantined_at, attempted_at, attempts FROM "
    "public.quarantined_events "
    "ORDER BY attempted_at, event_id LIMIT $1";
constexpr const char* kAddWeeks = "SELECT public._add_event_weeks((now() AT TIME ZONE 'UTC')::date + 28)";
constexpr const char* kDropWeek = "SELECT public._drop_event_week($1)";
// Rows that somebody has locked wait for the next step: a purge that waits could deadlock.
constexpr std::string_view kPurgeProcessed =
    "DELETE FROM public.processed_events_{0} WHERE event_id = ANY (ARRAY(SELECT event_id "
    "FROM public.processed_events_{0} WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
constexpr const char* kRowwise[] = {"timeless", "old", "future"};  // the other partitions are dropped whole
constexpr const char* kPurgeQuarantined =
    "DELETE FROM public.quarantined_events WHERE event_id = ANY (ARRAY(SELECT event_id FROM public.quarantined_events "
    "WHERE quarantined_at < $1 ORDER BY quarantined_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

SchemaParams schema_of(const std::string& environment) {
  return {.schema = "public",
          .known = environment_migrations(),
          .target = {.database = fmt::format("the database of environment {}", environment),
                     .command = fmt::format("vf migrate env --env {}", environment)},
          .baseline = environment_baseline()};
}

ConnectionParams connection_of(const std::string& url, const std::string& role) { return {.url = url, .role = role}; }

int64_t limit(size_t rows_max) { return static_cast<int64_t>(std::min<size_t>(rows_max, 1u << 30)); }

ProcessedEvent read_processed(const Rows& rows, int row) {
  return {.event_id = rows.uuid_at(row, 0),
          .source = rows.text_at(row, 1),
          .type = rows.text_at(row, 2),
          .status = parse_applied(rows.bytes_at(row, 3)),
          .time = rows.time_at(row, 4),
          .received_at = rows.time_at(row, 5),
          .reason = rows.text_at(row, 6)};
}

QuarantinedEvent read_quarantined(const Rows& rows, int row) {
  return {.event_id = rows.uuid_at(row, 0),
          .source = rows.text_at(row, 1),
          .type = rows.text_at(row, 2),
          .reason = rows.text_at(row, 3),
          .envelope = rows.text_at(row, 4),
          .quarantined_at = rows.time_at(row, 5),
          .attempted_at = rows.time_at(row, 6),
          .attempts = rows.integer_at(row, 7)};
}

class PostgresEnvironmentStore final : public EnvironmentStore {
 public:
  PostgresEnvironmentStore(const EnvironmentParams& params, Connection writer)
      : tables_(params.tables), writer_(std::move(writer)), readers_(connection_of(params.url, "api"), params.readers) {
    for (const Table& table : tables_) upserts_.emplace(&table, upsert_sql(table));
  }

  Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now, Refusals* refusals) override;
  Result<std::optional<ProcessedEvent>> processed(Uuid event_id) override;
  Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) override;
  Result<int64_t> purge(const Purge& step) override;
  Result<std::vector<std::pair<std::string, int64_t>>> row_counts() override;
  Result<std::vector<std::vector<Value>>> rows(const Table& table, size_t rows_max) override;
  Result<void> ping() override;
  Result<Instant> time(Instant ours) override;

 private:
  Result<std::vector<Applied>> attempt(ProjectionWriter& writer, std::span<const Projection> projections);
  Result<Refusals> search(ProjectionWriter& writer);
  Result<int64_t> turn_partitions(Instant processed_before);
  Result<Rows> read(const std::string& sql, const Values& values = {});

  std::span<const Table> tables_;
  UpsertTexts upserts_;
  std::mutex writing_;
  Connection writer_;
  Pool readers_;
};

Result<std::vector<Applied>> PostgresEnvironmentStore::apply(std::span<const Projection> projections, Instant now,
                                                             Refusals* refusals) {
  const std::lock_guard turn(writing_);
  for (int left = kAttemptsMax;; --left) {
    ProjectionWriter writer(writer_, upserts_, now);
    auto statuses = attempt(writer, projections);
    if (statuses) return statuses;
    if (statuses.error().code == Code::invalid && refusals != nullptr) {
      VF_ASSIGN(auto found, search(writer));
      *refusals = std::move(found);
      return statuses;
    }
    if (left <= 1 || !is_worth_repeating(writer_.last_sqlstate())) return statuses;
  }
}

Result<std::vector<Applied>> PostgresEnvironmentStore::attempt(ProjectionWriter& writer,
                                                               std::span<const Projection> projections) {
  std::vector<Applied> statuses;
  const auto done = writer_.transaction(
      [&]() -> Result<void> {
        VF_ASSIGN(auto written, writer.write(projections));
        statuses = std::move(written);
        return {};
      },
      kLimits);
  if (!done) return done.error();
  return statuses;
}

/// In a transaction that is rolled back, whatever it finds.
Result<Refusals> PostgresEnvironmentStore::search(ProjectionWriter& writer) {
  Result<Refusals> found = Refusals{};
  const auto done = writer_.transaction([&]() -> Result<void> {
    found = writer.find_refused();
    return internal("to be rolled back");
  });
  VF_INVARIANT(!done);
  if (found && found->empty()) return done.error();  // it did not even begin
  return found;
}

Result<Rows> PostgresEnvironmentStore::read(const std::string& sql, const Values& values) {
  VF_ASSIGN(const auto db, readers_.lease());
  return db->query(sql, values);
}

Result<std::optional<ProcessedEvent>> PostgresEnvironmentStore::processed(Uuid event_id) {
  VF_ASSIGN(const auto rows, read(kProcessed, Values().uuid(event_id)));
  return rows.empty() ? std::nullopt : std::optional(read_processed(rows, 0));
}

Result<std::vector<QuarantinedEvent>> PostgresEnvironmentStore::quarantined(size_t rows_max) {
  VF_ASSIGN(const auto rows, read(kQuarantined, Values().integer(limit(rows_max))));
  std::vector<QuarantinedEvent> events;
  for (int i = 0; i < rows.size(); ++i) events.push_back(read_quarantined(rows, i));
  return events;
}

Result<int64_t> PostgresEnvironmentStore::purge(const Purge& step) {
  const std::lock_guard turn(writing_);
  const auto dropped = turn_partitions(step.processed_before);
  if (!dropped) return dropped;
  int64_t removed = *dropped;
  const auto done = writer_.transaction(
      [&]() -> Result<void> {
        int64_t left = step.rows_max;
        for (const char* partition : kRowwise) {
          VF_ASSIGN(const auto purged, writer_.query(fmt::format(kPurgeProcessed, partition),
                                                     Values().time(step.processed_before).integer(left)));
          left -= purged.affected();
        }
        removed += step.rows_max - left;
        const auto quarantined =
            writer_.query(kPurgeQuarantined, Values().time(step.quarantined_before).integer(step.rows_max));
        if (!quarantined) return quarantined.error();
        removed += quarantined->affected();
        return {};
      },
      kPurgeLimits);
  if (!done) return done.error();
  return removed;
}

/// Partitions for the weeks to come, none for those gone. How many rows went with them, roughly. Where a lock could not
/// be had the next step does it.
Result<int64_t> PostgresEnvironmentStore::turn_partitions(Instant processed_before) {
  VF_TRY(writer_.write(kAddWeeks));
  int64_t removed = 0;
  while (true) {
    VF_ASSIGN(const auto dropped, writer_.write(kDropWeek, Values().time(processed_before)));
    if (dropped.integer_at(0, 0) <= 0) return removed;
    removed += dropped.integer_at(0, 0);
  }
}

Result<std::vector<std::pair<std::string, int64_t>>> PostgresEnvironmentStore::row_counts() {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const Table& table : tables_) {
    VF_ASSIGN(const auto rows, read(fmt::format("SELECT count(*) FROM public.{}", table.name)));
    counts.emplace_back(table.name, rows.integer_at(0, 0));
  }
  return counts;
}

Result<std::vector<std::vector<Value>>> PostgresEnvironmentStore::rows(const Table& table, size_t rows_max) {
  VF_ASSIGN(const auto found, read(select_sql(table), Values().integer(limit(rows_max))));
  std::vector<std::vector<Value>> values;
  for (int i = 0; i < found.size(); ++i) values.push_back(read_values(found, i, table));
  return values;
}

Result<void> PostgresEnvironmentStore::ping() {
  VF_ASSIGN(const auto rows, read("SELECT pg_catalog.pg_is_in_recovery()"));
  if (rows.boolean_at(0, 0)) return unavailable("the environment's PostgreSQL is a read-only standby");
  return {};
}

Result<Instant> PostgresEnvironmentStore::time(Instant) {
  VF_ASSIGN(const auto db, readers_.lease());
  return read_clock(*db);
}

}  // namespace

Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params) {
  VF_ASSIGN(auto db, Connection::open(connection_of(params.url, "api")));
  VF_TRY(check_migrated(db, schema_of(params.environment)));
  return std::make_unique<PostgresEnvironmentStore>(params, std::move(db));
}

Result<std::vector<std::string>> pending_environment(const std::string& url, const std::string& environment) {
  VF_ASSIGN(auto db, Connection::open(connection_of(url, "migrate")));
  return pending_migrations(db, schema_of(environment));
}

Result<std::vector<std::string>> newer_environment(const std::string& url, const std::string& environment) {
  VF_ASSIGN(auto db, Connection::open(connection_of(url, "migrate")));
  return newer_migrations(db, schema_of(environment));
}

Result<std::vector<std::string>> migrate_environment(const std::string& url, const std::string& environment) {
  const SchemaParams schema = schema_of(environment);
  VF_ASSIGN(auto db, connect_to_migrate(url, schema.schema));
  auto applied = migrate(db, schema);
  if (!applied) return applied;
  if (auto granted = db.write("SELECT public._grant_rights()"); !granted) {
    return explained(db, schema.schema, granted.error());
  }
  return applied;
}

}  // namespace vf::store::postgres
