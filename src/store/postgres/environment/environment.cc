#include "store/postgres/environment/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "store/postgres/connection.h"
#include "store/postgres/environment/projection_writer.h"
#include "store/postgres/environment/upsert.h"
#include "store/postgres/pool.h"
#include "store/postgres/roles.h"
#include "store/postgres/runs.h"
#include "store/postgres/schema.h"
#include "store/postgres/sqlstate.h"

namespace vf::store::postgres {
namespace {

constexpr int kAttemptsMax = 5;  // attempts at a transaction that collides with others
// A process that stalls inside a transaction blocks the others for at most `idle`; a server that does not answer blocks
// this process for at most `statement`.
constexpr TransactionLimits kLimits{.statement = Millis{8000}, .lock = Millis{7000}, .idle = Millis{5000}};
constexpr TransactionLimits kPurgeLimits{.idle = Millis{5000}};
constexpr TransactionLimits kRunLimits{.statement = Millis{5000}, .lock = Millis{5000}, .idle = Millis{5000}};

constexpr const char* kProcessed =
    "SELECT p.event_id, p.source, p.type, p.status, p.time, p.received_at, coalesce(q.reason, '') FROM "
    "public.processed_events p LEFT JOIN public.quarantined_events q ON q.event_id = p.event_id WHERE p.event_id = $1";
#define VF_QUARANTINED                                                                       \
  "SELECT event_id, source, type, reason, envelope, quarantined_at, attempted_at, attempts " \
  "FROM public.quarantined_events "
constexpr const char* kQuarantined = VF_QUARANTINED "ORDER BY attempted_at, event_id LIMIT $1";
constexpr const char* kNotTried =
    VF_QUARANTINED "WHERE attempted_at < $1 OR attempted_at > $2 ORDER BY attempted_at, event_id LIMIT $3";
constexpr const char* kQuarantinedAfter =
    "SELECT event_id, source, type, reason, '', quarantined_at, attempted_at, attempts FROM public.quarantined_events "
    "WHERE (quarantined_at, event_id) > ($1, $2) ORDER BY quarantined_at, event_id LIMIT $3";
constexpr const char* kFindQuarantined = VF_QUARANTINED "WHERE event_id = $1";
constexpr const char* kCountQuarantined =
    "SELECT count(*) FROM (SELECT 1 FROM public.quarantined_events LIMIT $1) AS counted";
// The status decides, and not the quarantine: a retry may have applied the event since this transaction's statement saw
// it there. By one id, so that the server looks into one partition only.
constexpr const char* kDropped =
    "UPDATE public.processed_events SET status = 'dropped' WHERE event_id = $1 AND status = 'quarantined'";
// Finds and locks each row by its key, in the order of the array, as the projections do.
constexpr const char* kDropQuarantined =
    "DELETE FROM public.quarantined_events WHERE event_id = ANY (ARRAY(SELECT (SELECT event_id "
    "FROM public.quarantined_events WHERE event_id = u.event_id FOR UPDATE) FROM unnest($1) AS u (event_id)))";
constexpr const char* kAddWeeks = "SELECT public._add_event_weeks((now() AT TIME ZONE 'UTC')::date + 28)";
constexpr const char* kDropWeek = "SELECT public._drop_event_week($1)";
// Locked rows are left for the next step: a purge that waits for locks could deadlock.
constexpr std::string_view kPurgeProcessed =
    "DELETE FROM public.processed_events_{0} WHERE event_id = ANY (ARRAY(SELECT event_id "
    "FROM public.processed_events_{0} WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
// Partitions whose rows are deleted one by one; the other partitions are dropped whole.
constexpr const char* kRowwise[] = {"timeless", "old", "future"};
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

std::vector<QuarantinedEvent> read_all_quarantined(const Rows& rows) {
  std::vector<QuarantinedEvent> events;
  for (int i = 0; i < rows.size(); ++i) events.push_back(read_quarantined(rows, i));
  return events;
}

class PostgresEnvironmentStore final : public EnvironmentStore {
 public:
  PostgresEnvironmentStore(const EnvironmentParams& params, Connection writer)
      : has_server_time_(params.server_time),
        writer_(std::move(writer)),
        run_writer_(Connection::unopened(connection_of(params.url, "api"))),
        readers_(connection_of(params.url, "api"), params.readers) {
    for (const Table& table : params.tables) upserts_.emplace(&table, upsert_sql(table));
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
  Result<void> ping() override;
  Result<Instant> time(Instant ours) override;

 private:
  Result<std::vector<Applied>> attempt(ProjectionWriter& writer, std::span<const Projection> projections);
  Result<Refusals> search(ProjectionWriter& writer);
  Result<int64_t> update_partitions(Instant processed_before);
  Result<Rows> read(const std::string& sql, const Values& values = {});

  std::optional<Instant> time_of(Instant now) const { return has_server_time_ ? std::nullopt : std::optional(now); }

  const bool has_server_time_;
  UpsertTexts upserts_;
  std::mutex writing_;
  Connection writer_;
  std::mutex writing_runs_;  // a renewal must not wait for projections or a purge
  Connection run_writer_;
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
  const auto body = [&]() -> Result<void> {
    VF_ASSIGN(statuses, writer.write(projections));
    const bool has_duplicates = std::ranges::find(statuses, Applied::duplicate) != statuses.end();
    return has_duplicates ? writer_.confirm_earlier_commits(kLimits) : Result<void>();
  };
  VF_TRY(writer_.transaction(body, kLimits));
  return statuses;
}

/// Returns the refused projections. Searches in a transaction that is always rolled back.
Result<Refusals> PostgresEnvironmentStore::search(ProjectionWriter& writer) {
  Result<Refusals> found = Refusals{};
  const auto done = writer_.transaction([&]() -> Result<void> {
    found = writer.find_refused();
    return internal("to be rolled back");
  });
  VF_INVARIANT(!done);
  if (found && found->empty()) return done.error();  // the transaction did not begin
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
  VF_ASSIGN(const auto rows, read(kQuarantined, Values().limit(rows_max)));
  return read_all_quarantined(rows);
}

Result<std::vector<QuarantinedEvent>> PostgresEnvironmentStore::not_tried(Attempts between, size_t rows_max) {
  VF_ASSIGN(const auto rows, read(kNotTried, Values().time(between.from).time(between.to).limit(rows_max)));
  return read_all_quarantined(rows);
}

Result<std::vector<QuarantinedEvent>> PostgresEnvironmentStore::quarantined_after(const QuarantinePlace& after,
                                                                                  size_t rows_max) {
  VF_ASSIGN(const auto rows,
            read(kQuarantinedAfter, Values().time(after.quarantined_at).uuid(after.event_id).limit(rows_max)));
  return read_all_quarantined(rows);
}

Result<std::optional<QuarantinedEvent>> PostgresEnvironmentStore::find_quarantined(Uuid event_id) {
  VF_ASSIGN(const auto rows, read(kFindQuarantined, Values().uuid(event_id)));
  return rows.empty() ? std::nullopt : std::optional(read_quarantined(rows, 0));
}

Result<int64_t> PostgresEnvironmentStore::count_quarantined(int64_t at_most) {
  VF_ASSIGN(const auto rows, read(kCountQuarantined, Values().integer(at_most)));
  return rows.integer_at(0, 0);
}

Result<int64_t> PostgresEnvironmentStore::drop_quarantined(std::span<const Uuid> events) {
  const std::set<Uuid> sorted(events.begin(), events.end());
  if (sorted.empty()) return 0;
  Array ids(Type::uuid);
  for (const Uuid id : sorted) ids.uuid(id);
  int64_t dropped = 0;
  const auto body = [&]() -> Result<void> {
    for (const Uuid id : sorted) {
      VF_TRY(writer_.query(kDropped, Values().uuid(id)));
    }
    VF_ASSIGN(const auto removed, writer_.query(kDropQuarantined, Values().array(ids)));
    dropped = removed.affected();
    return {};
  };
  const std::lock_guard turn(writing_);
  for (int left = kAttemptsMax;; --left) {
    const auto done = writer_.transaction(body, kLimits);
    if (done) return dropped;
    if (left <= 1 || !is_worth_repeating(writer_.last_sqlstate())) return done.error();
  }
}

Result<int64_t> PostgresEnvironmentStore::purge(const Purge& step) {
  const std::lock_guard turn(writing_);
  VF_ASSIGN(int64_t removed, update_partitions(step.processed_before));
  const auto body = [&]() -> Result<void> {
    int64_t left = step.rows_max;
    for (const char* partition : kRowwise) {
      VF_ASSIGN(const auto purged, writer_.query(fmt::format(kPurgeProcessed, partition),
                                                 Values().time(step.processed_before).integer(left)));
      left -= purged.affected();
    }
    removed += step.rows_max - left;
    VF_ASSIGN(const auto quarantined,
              writer_.query(kPurgeQuarantined, Values().time(step.quarantined_before).integer(step.rows_max)));
    removed += quarantined.affected();
    return {};
  };
  VF_TRY(writer_.transaction(body, kPurgeLimits));
  return removed;
}

/// Adds partitions for the coming weeks and drops expired ones. Returns roughly how many rows were dropped. Work whose
/// lock is not granted is left for the next step.
Result<int64_t> PostgresEnvironmentStore::update_partitions(Instant processed_before) {
  VF_TRY(writer_.write(kAddWeeks));
  int64_t removed = 0;
  while (true) {
    VF_ASSIGN(const auto dropped, writer_.write(kDropWeek, Values().time(processed_before)));
    if (dropped.integer_at(0, 0) <= 0) return removed;
    removed += dropped.integer_at(0, 0);
  }
}

Result<RunResult> PostgresEnvironmentStore::write_run(const RunWrite& write, Instant now) {
  const std::lock_guard turn(writing_runs_);
  Result<RunResult> result = RunResult{};
  const auto body = [&]() -> Result<void> {
    VF_ASSIGN(const Instant time, lock_runs(run_writer_, time_of(now)));
    result = postgres::write_run(run_writer_, kEnvironmentRuns, write, time);
    return result ? Result<void>() : Result<void>(result.error());
  };
  Result<void> done;
  for (int left = kAttemptsMax; left > 0; --left) {
    done = run_writer_.transaction(body, kRunLimits);
    if (done) return result;
    if (!is_worth_repeating(run_writer_.last_sqlstate())) break;
  }
  return done.error();
}

Result<std::vector<Run>> PostgresEnvironmentStore::runs(const RunFilter& filter) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_runs(*db, kEnvironmentRuns, filter);
}

Result<std::optional<Run>> PostgresEnvironmentStore::find_run(Uuid id) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_run(*db, kEnvironmentRuns, id);
}

Result<std::vector<JobRuns>> PostgresEnvironmentStore::last_runs() {
  VF_ASSIGN(auto db, readers_.lease());
  return read_last_runs(*db, kEnvironmentRuns);
}

Result<std::vector<std::string>> PostgresEnvironmentStore::waiting_jobs(Instant now) {
  VF_ASSIGN(auto db, readers_.lease());
  return read_waiting_jobs(*db, kEnvironmentRuns, time_of(now));
}

Result<void> PostgresEnvironmentStore::ping() {
  VF_ASSIGN(const auto rows, read("SELECT pg_catalog.pg_is_in_recovery()"));
  if (rows.boolean_at(0, 0)) return unavailable("the environment's PostgreSQL is a read-only standby");
  return {};
}

Result<Instant> PostgresEnvironmentStore::time(Instant) {
  VF_ASSIGN(const auto db, readers_.lease());
  return db->server_time();
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
    return explain(db, schema.schema, granted.error());
  }
  return applied;
}

}  // namespace vf::store::postgres
