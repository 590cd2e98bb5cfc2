#include "store/sqlite/runs.h"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "store/run_rules.h"

namespace vf::store::sqlite {
namespace {

// In the texts of this file, {0} stands for the name of the table.
#define VF_RUN_COLUMNS                                                                                      \
  "number, id, job, due, parameters, state, holder, asked_by, asked_at, started_at, ended_at, renewed_at, " \
  "lease_until, done, \"of\", counts, cursor, error, stop_wanted, idle, failures, failing_since"
#define VF_SELECT_RUN "SELECT " VF_RUN_COLUMNS " FROM {0} "
/// The number of each job's run that is the last one by this order.
#define VF_LAST(condition, order)                                                           \
  "(SELECT number FROM (SELECT number, row_number() OVER (PARTITION BY job ORDER BY " order \
  " DESC, number DESC) AS place FROM {0} WHERE " condition ") AS placed WHERE place = 1)"

constexpr std::string_view kFind = VF_SELECT_RUN "WHERE id = ?";
constexpr std::string_view kRunning = VF_SELECT_RUN "WHERE job = ? AND state = 'running'";
// Without INDEXED BY the planner takes the index that holds every run of the job.
constexpr std::string_view kFirstWaiting =
    VF_SELECT_RUN "INDEXED BY {0}_waiting WHERE job = ? AND state = 'waiting' ORDER BY number LIMIT 1";
constexpr std::string_view kCountWaiting =
    "SELECT count(*) FROM {0} INDEXED BY {0}_waiting WHERE job = ? AND state = 'waiting'";
constexpr std::string_view kLatestDue = "SELECT max(due) FROM {0} WHERE job = ? AND due <= ?";
constexpr std::string_view kAdd =
    "INSERT INTO {0} (id, job, due, parameters, asked_by, asked_at, renewed_at, lease_until, done, \"of\", counts, "
    "cursor, state, holder, started_at, ended_at, error, stop_wanted, idle, failures, failing_since) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number";
constexpr std::string_view kUpdate =
    "UPDATE {0} SET renewed_at = ?, lease_until = ?, done = ?, \"of\" = ?, counts = ?, cursor = ?, state = ?, "
    "holder = ?, started_at = ?, ended_at = ?, error = ?, stop_wanted = ?, idle = ?, failures = ?, failing_since = ? "
    "WHERE id = ?";
constexpr std::string_view kRenew =
    "UPDATE {0} SET renewed_at = ?, lease_until = ?, done = ?, \"of\" = ?, counts = ?, cursor = ? WHERE id = ?";
constexpr std::string_view kRemoveIdle = "DELETE FROM {0} WHERE job = ? AND idle = 1 AND due < ?";
constexpr std::string_view kLastEnded =
    VF_SELECT_RUN "WHERE job = ? AND ended_at IS NOT NULL ORDER BY ended_at DESC, number DESC LIMIT 1";
constexpr std::string_view kRemoveBeyond =
    "DELETE FROM {0} WHERE number IN (SELECT number FROM {0} WHERE job = ? AND ended_at IS NOT NULL "
    "AND (due IS NULL) = ? AND id <> ? ORDER BY number DESC LIMIT ? OFFSET ?)";
constexpr std::string_view kPurge =
    "DELETE FROM {0} WHERE number IN (SELECT number FROM {0} WHERE ended_at < ?1 AND number NOT IN " VF_LAST(
        "ended_at IS NOT NULL", "ended_at") " AND number NOT IN " VF_LAST("due IS NOT NULL",
                                                                          "due") " ORDER BY ended_at, number LIMIT ?2)";
constexpr std::string_view kRuns = VF_SELECT_RUN "WHERE number < ? ORDER BY number DESC LIMIT ?";
constexpr std::string_view kRunsOfJob = VF_SELECT_RUN "WHERE number < ? AND job = ? ORDER BY number DESC LIMIT ?";
constexpr std::string_view kRunsAskedFor =
    VF_SELECT_RUN "WHERE number < ?1 AND due IS NULL AND (?2 IS NULL OR job = ?2) ORDER BY number DESC LIMIT ?3";
constexpr std::string_view kJobs =
    "SELECT job, max(due), max(CASE WHEN state = 'done' THEN ended_at END) FROM {0} GROUP BY job ORDER BY job";
constexpr std::string_view kAllRunning = VF_SELECT_RUN "WHERE state = 'running'";
constexpr std::string_view kAllEnded = VF_SELECT_RUN "WHERE number IN " VF_LAST("ended_at IS NOT NULL", "ended_at");
constexpr std::string_view kWaitingJobs = "SELECT DISTINCT job FROM {0} WHERE state = 'waiting'";

std::string sql(std::string_view text, std::string_view table) { return fmt::format(fmt::runtime(text), table); }

std::optional<Instant> optional_time(const Query& query, int column) {
  return query.is_null(column) ? std::nullopt : std::optional(query.time_at(column));
}

RunRow read_row(const Query& query) {
  RunRow row;
  Run& run = row.run;
  run.number = query.integer_at(0);
  run.id = query.uuid_at(1);
  run.job = query.text_at(2);
  run.due = optional_time(query, 3);
  run.parameters = query.text_at(4);
  run.state = parse_run_state(query.view_at(5)).value_or(RunState::lost);
  run.holder = query.text_at(6);
  run.asked_by = query.text_at(7);
  run.asked_at = query.time_at(8);
  run.started_at = optional_time(query, 9);
  run.ended_at = optional_time(query, 10);
  row.renewed_at = optional_time(query, 11).value_or(Instant{});
  run.claimed_until = optional_time(query, 12);
  row.lease_until = run.claimed_until.value_or(Instant{});
  run.progress.done = query.integer_at(13);
  if (!query.is_null(14)) run.progress.of = query.integer_at(14);
  run.progress.counts = parse_run_counts(query.view_at(15));
  run.progress.cursor = query.text_at(16);
  run.error = query.text_at(17);
  run.stop_wanted = query.integer_at(18) != 0;
  row.is_idle = query.integer_at(19) != 0;
  run.failures = query.integer_at(20);
  run.failing_since = optional_time(query, 21);
  return row;
}

Run read(const Query& query) { return read_row(query).run; }

void bind_time(Query& query, const std::optional<Instant>& value) { value ? query.time(*value) : query.null(); }

/// Binds what renew() changes. `counts` is the JSON text of the row's counts; it lives as long as the query.
void bind_renewal(Query& query, const RunRow& row, const std::string& counts) {
  const Run& run = row.run;
  const bool is_held = run.state == RunState::running;
  bind_time(query, is_held ? std::optional(row.renewed_at) : std::nullopt);
  bind_time(query, is_held ? std::optional(row.lease_until) : std::nullopt);
  query.integer(run.progress.done);
  run.progress.of ? query.integer(*run.progress.of) : query.null();
  query.text(counts).text(run.progress.cursor);
}

/// Binds what update() may change; `counts` as above.
void bind_changing(Query& query, const RunRow& row, const std::string& counts) {
  const Run& run = row.run;
  bind_renewal(query, row, counts);
  query.text(to_string(run.state)).text(run.holder);
  bind_time(query, run.started_at);
  bind_time(query, run.ended_at);
  query.text(run.error);
  query.integer(run.stop_wanted ? 1 : 0).integer(row.is_idle ? 1 : 0).integer(run.failures);
  bind_time(query, run.failing_since);
}

class SqliteRunRows final : public RunRows {
 public:
  SqliteRunRows(Connection& db, std::string_view table, Instant now) : db_(db), table_(table), now_(now) {}

  Instant now() const override { return now_; }
  Result<std::optional<RunRow>> find(Uuid id) override {
    Query query = db_.query(sql(kFind, table_));
    return first(query.uuid(id));
  }
  Result<std::optional<RunRow>> running(const std::string& job) override {
    Query query = db_.query(sql(kRunning, table_));
    return first(query.text(job));
  }
  Result<std::optional<RunRow>> first_waiting(const std::string& job) override {
    Query query = db_.query(sql(kFirstWaiting, table_));
    return first(query.text(job));
  }
  Result<int64_t> count_waiting(const std::string& job) override {
    Query query = db_.query(sql(kCountWaiting, table_));
    VF_TRY(query.text(job).step());
    return query.integer_at(0);
  }
  Result<std::optional<Instant>> latest_due(const std::string& job, Instant at_most) override {
    Query query = db_.query(sql(kLatestDue, table_));
    VF_TRY(query.text(job).time(at_most).step());
    return optional_time(query, 0);
  }
  Result<int64_t> add(const RunRow& row) override {
    const std::string counts = to_json(row.run.progress.counts);
    Query query = db_.query(sql(kAdd, table_));
    query.uuid(row.run.id).text(row.run.job);
    bind_time(query, row.run.due);
    query.text(row.run.parameters).text(row.run.asked_by).time(row.run.asked_at);
    bind_changing(query, row, counts);
    VF_TRY(query.step());
    const int64_t number = query.integer_at(0);
    VF_TRY(query.run());
    return number;
  }
  Result<void> update(const RunRow& row) override {
    const std::string counts = to_json(row.run.progress.counts);
    Query query = db_.query(sql(kUpdate, table_));
    bind_changing(query, row, counts);
    return query.uuid(row.run.id).run();
  }
  Result<void> renew(const RunRow& row) override {
    const std::string counts = to_json(row.run.progress.counts);
    Query query = db_.query(sql(kRenew, table_));
    bind_renewal(query, row, counts);
    return query.uuid(row.run.id).run();
  }
  Result<void> remove_idle(const std::string& job, Instant due) override {
    return db_.query(sql(kRemoveIdle, table_)).text(job).time(due).run();
  }
  Result<std::optional<RunRow>> last_ended(const std::string& job) override {
    Query query = db_.query(sql(kLastEnded, table_));
    return first(query.text(job));
  }
  Result<void> remove_beyond(const Run& ended) override {
    return db_.query(sql(kRemoveBeyond, table_))
        .text(ended.job)
        .integer(ended.due ? 0 : 1)
        .uuid(ended.id)
        .integer(kEndedRunsStep)
        .integer(kEndedRunsMax - 1)
        .run();
  }
  Result<int64_t> purge(const PurgeRuns& step) override {
    VF_TRY(db_.query(sql(kPurge, table_)).time(step.ended_before).integer(step.rows_max).run());
    return db_.changes();
  }

 private:
  static Result<std::optional<RunRow>> first(Query& query) {
    VF_ASSIGN(const bool found, query.step());
    return found ? std::optional(read_row(query)) : std::nullopt;
  }

  Connection& db_;
  const std::string_view table_;
  const Instant now_;
};

}  // namespace

Result<RunResult> write_run(Connection& db, std::string_view table, const RunWrite& write, Instant now) {
  SqliteRunRows rows(db, table, now);
  return store::write_run(rows, write);
}

Result<std::vector<Run>> read_runs(Connection& db, std::string_view table, const RunFilter& filter) {
  const std::string_view text = filter.asked_for ? kRunsAskedFor : filter.job ? kRunsOfJob : kRuns;
  Query query = db.query(sql(text, table));
  query.integer(filter.before.value_or(std::numeric_limits<int64_t>::max()));
  if (filter.job) {
    query.text(*filter.job);
  } else if (filter.asked_for) {
    query.null();
  }
  query.integer(limit(filter.rows_max));
  return collect(query, read);
}

Result<std::optional<Run>> read_run(Connection& db, std::string_view table, Uuid id) {
  Query query = db.query(sql(kFind, table));
  VF_ASSIGN(const bool found, query.uuid(id).step());
  return found ? std::optional(read(query)) : std::nullopt;
}

Result<std::vector<JobRuns>> read_last_runs(Connection& db, std::string_view table) {
  Query jobs = db.query(sql(kJobs, table));
  VF_ASSIGN(auto found, collect(jobs, [](const Query& row) {
              return JobRuns{
                  .job = row.text_at(0), .succeeded_at = optional_time(row, 2), .due = optional_time(row, 1)};
            }));
  Query running = db.query(sql(kAllRunning, table));
  VF_ASSIGN(auto all_running, collect(running, read));
  Query ended = db.query(sql(kAllEnded, table));
  VF_ASSIGN(auto all_ended, collect(ended, read));
  add_runs(found, std::move(all_running), &JobRuns::running);
  add_runs(found, std::move(all_ended), &JobRuns::ended);
  return found;
}

Result<std::vector<std::string>> read_waiting_jobs(Connection& db, std::string_view table, Instant now) {
  Query waiting = db.query(sql(kWaitingJobs, table));
  VF_ASSIGN(const auto names, collect(waiting, [](const Query& row) { return row.text_at(0); }));
  std::set<std::string> jobs(names.begin(), names.end());
  Query running = db.query(sql(kAllRunning, table));
  VF_ASSIGN(const auto rows, collect(running, read_row));
  for (const RunRow& row : rows) {
    if (is_expired(row, now)) jobs.insert(row.run.job);
  }
  return std::vector<std::string>(jobs.begin(), jobs.end());
}

}  // namespace vf::store::sqlite
