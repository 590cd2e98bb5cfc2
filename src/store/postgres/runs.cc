#include "store/postgres/runs.h"

#include <fmt/format.h>

#include <limits>

#include "store/run_rules.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kLock =
    "SELECT coalesce($1, date_trunc('milliseconds', now())), pg_advisory_xact_lock(hashtextextended('vf runs', 0))";

// In the texts of this file, {0} stands for the name of the table.
#define VF_RUN_COLUMNS                                                                                      \
  "number, id, job, due, parameters, state, holder, asked_by, asked_at, started_at, ended_at, renewed_at, " \
  "lease_until, done, \"of\", counts, cursor, error, stop_wanted, idle, failures, failing_since"
#define VF_SELECT_RUN "SELECT " VF_RUN_COLUMNS " FROM {0} "
/// The number of each job's run that is the last one by this order.
#define VF_LAST(condition, order) \
  "(SELECT DISTINCT ON (job) number FROM {0} WHERE " condition " ORDER BY job, " order " DESC, number DESC)"

constexpr std::string_view kFind = VF_SELECT_RUN "WHERE id = $1";
constexpr std::string_view kRunning = VF_SELECT_RUN "WHERE job = $1 AND state = 'running'";
constexpr std::string_view kFirstWaiting = VF_SELECT_RUN "WHERE job = $1 AND state = 'waiting' ORDER BY number LIMIT 1";
constexpr std::string_view kCountWaiting = "SELECT count(*) FROM {0} WHERE job = $1 AND state = 'waiting'";
constexpr std::string_view kLatestDue = "SELECT due FROM {0} WHERE job = $1 AND due <= $2 ORDER BY due DESC LIMIT 1";
constexpr std::string_view kAdd =
    "INSERT INTO {0} (renewed_at, lease_until, done, \"of\", counts, cursor, state, holder, started_at, ended_at, "
    "error, stop_wanted, idle, failures, failing_since, id, job, due, parameters, asked_by, asked_at) VALUES "
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) RETURNING number";
constexpr std::string_view kUpdate =
    "UPDATE {0} SET renewed_at = $1, lease_until = $2, done = $3, \"of\" = $4, counts = $5, cursor = $6, state = $7, "
    "holder = $8, started_at = $9, ended_at = $10, error = $11, stop_wanted = $12, idle = $13, failures = $14, "
    "failing_since = $15 WHERE id = $16";
constexpr std::string_view kRenew =
    "UPDATE {0} SET renewed_at = $1, lease_until = $2, done = $3, \"of\" = $4, counts = $5, cursor = $6 WHERE id = $7";
constexpr std::string_view kRemoveIdle = "DELETE FROM {0} WHERE job = $1 AND idle AND due < $2";
constexpr std::string_view kLastEnded =
    VF_SELECT_RUN "WHERE job = $1 AND ended_at IS NOT NULL ORDER BY ended_at DESC, number DESC LIMIT 1";
constexpr std::string_view kRemoveBeyond =
    "DELETE FROM {0} WHERE number = ANY (ARRAY(SELECT o.number FROM {0} o WHERE o.job = $1 AND o.ended_at IS NOT NULL "
    "AND (o.due IS NULL) = $2 AND o.id <> $3 ORDER BY o.number DESC LIMIT $4 OFFSET $5))";
constexpr std::string_view kPurge =
    "DELETE FROM {0} WHERE number = ANY (ARRAY(SELECT o.number FROM {0} o WHERE o.ended_at < $1 AND o.number NOT "
    "IN " VF_LAST("ended_at IS NOT NULL", "ended_at") " AND o.number NOT IN " VF_LAST(
        "due IS NOT NULL", "due") " ORDER BY o.ended_at, o.number LIMIT $2))";
constexpr std::string_view kRuns = VF_SELECT_RUN "WHERE number < $1 ORDER BY number DESC LIMIT $2";
constexpr std::string_view kRunsOfJob = VF_SELECT_RUN "WHERE number < $1 AND job = $3 ORDER BY number DESC LIMIT $2";
constexpr std::string_view kRunsAskedFor =
    VF_SELECT_RUN "WHERE number < $1 AND due IS NULL ORDER BY number DESC LIMIT $2";
constexpr std::string_view kRunsOfJobAskedFor =
    VF_SELECT_RUN "WHERE number < $1 AND due IS NULL AND job = $3 ORDER BY number DESC LIMIT $2";
constexpr std::string_view kJobs =
    "SELECT job, max(due), max(ended_at) FILTER (WHERE state = 'done') FROM {0} GROUP BY job ORDER BY job";
constexpr std::string_view kAllRunning = VF_SELECT_RUN "WHERE state = 'running'";
constexpr std::string_view kAllEnded =
    VF_SELECT_RUN "WHERE number = ANY (ARRAY" VF_LAST("ended_at IS NOT NULL", "ended_at") ")";
// Says of the running rows what is_expired() says.
constexpr std::string_view kWaitingJobs =
    "SELECT job FROM {0} WHERE state = 'waiting' UNION SELECT job FROM {0}, "
    "(SELECT coalesce($1, pg_catalog.now()) AS now) t WHERE state = 'running' AND (lease_until <= t.now "
    "OR lease_until > t.now + 10 * (lease_until - renewed_at)) ORDER BY job";

std::string sql(std::string_view text, std::string_view table) { return fmt::format(fmt::runtime(text), table); }

std::optional<Instant> optional_time(const Rows& rows, int row, int column) {
  return rows.is_null(row, column) ? std::nullopt : std::optional(rows.time_at(row, column));
}

RunRow read_row(const Rows& rows, int i) {
  RunRow row;
  Run& run = row.run;
  run.number = rows.integer_at(i, 0);
  run.id = rows.uuid_at(i, 1);
  run.job = rows.text_at(i, 2);
  run.due = optional_time(rows, i, 3);
  run.parameters = rows.text_at(i, 4);
  run.state = parse_run_state(rows.bytes_at(i, 5)).value_or(RunState::lost);
  run.holder = rows.text_at(i, 6);
  run.asked_by = rows.text_at(i, 7);
  run.asked_at = rows.time_at(i, 8);
  run.started_at = optional_time(rows, i, 9);
  run.ended_at = optional_time(rows, i, 10);
  row.renewed_at = optional_time(rows, i, 11).value_or(Instant{});
  run.claimed_until = optional_time(rows, i, 12);
  row.lease_until = run.claimed_until.value_or(Instant{});
  run.progress.done = rows.integer_at(i, 13);
  if (!rows.is_null(i, 14)) run.progress.of = rows.integer_at(i, 14);
  run.progress.counts = parse_run_counts(rows.text_at(i, 15));
  run.progress.cursor = rows.text_at(i, 16);
  run.error = rows.text_at(i, 17);
  run.stop_wanted = rows.boolean_at(i, 18);
  row.is_idle = rows.boolean_at(i, 19);
  run.failures = rows.integer_at(i, 20);
  run.failing_since = optional_time(rows, i, 21);
  return row;
}

std::vector<Run> read_all(const Rows& rows) {
  std::vector<Run> runs;
  for (int i = 0; i < rows.size(); ++i) runs.push_back(read_row(rows, i).run);
  return runs;
}

void add_time(Values& values, const std::optional<Instant>& time) {
  time ? values.time(*time) : values.null(Type::time);
}

/// The parameters of kRenew up to $6.
Values renewal(const RunRow& row) {
  const Run& run = row.run;
  const bool is_held = run.state == RunState::running;
  Values values;
  add_time(values, is_held ? std::optional(row.renewed_at) : std::nullopt);
  add_time(values, is_held ? std::optional(row.lease_until) : std::nullopt);
  values.integer(run.progress.done);
  run.progress.of ? values.integer(*run.progress.of) : values.null(Type::integer);
  values.text(to_json(run.progress.counts)).text(run.progress.cursor);
  return values;
}

/// The parameters of kUpdate up to $15.
Values changing(const RunRow& row) {
  const Run& run = row.run;
  Values values = renewal(row);
  values.text(to_string(run.state)).text(run.holder);
  add_time(values, run.started_at);
  add_time(values, run.ended_at);
  values.text(run.error);
  values.boolean(run.stop_wanted).boolean(row.is_idle).integer(run.failures);
  add_time(values, run.failing_since);
  return values;
}

class PostgresRunRows final : public RunRows {
 public:
  PostgresRunRows(Connection& db, std::string_view table, Instant now) : db_(db), table_(table), now_(now) {}

  Instant now() const override { return now_; }
  Result<std::optional<RunRow>> find(Uuid id) override { return first(kFind, Values().uuid(id)); }
  Result<std::optional<RunRow>> running(const std::string& job) override { return first(kRunning, Values().text(job)); }
  Result<std::optional<RunRow>> first_waiting(const std::string& job) override {
    return first(kFirstWaiting, Values().text(job));
  }
  Result<int64_t> count_waiting(const std::string& job) override {
    VF_ASSIGN(const auto rows, db_.query(sql(kCountWaiting, table_), Values().text(job)));
    return rows.integer_at(0, 0);
  }
  Result<std::optional<Instant>> latest_due(const std::string& job, Instant at_most) override {
    VF_ASSIGN(const auto rows, db_.query(sql(kLatestDue, table_), Values().text(job).time(at_most)));
    return rows.empty() ? std::nullopt : std::optional(rows.time_at(0, 0));
  }
  Result<int64_t> add(const RunRow& row) override {
    Values values = changing(row);
    values.uuid(row.run.id).text(row.run.job);
    add_time(values, row.run.due);
    values.text(row.run.parameters).text(row.run.asked_by).time(row.run.asked_at);
    VF_ASSIGN(const auto rows, db_.query(sql(kAdd, table_), values));
    return rows.integer_at(0, 0);
  }
  Result<void> update(const RunRow& row) override {
    VF_TRY(db_.query(sql(kUpdate, table_), changing(row).uuid(row.run.id)));
    return {};
  }
  Result<void> renew(const RunRow& row) override {
    VF_TRY(db_.query(sql(kRenew, table_), renewal(row).uuid(row.run.id)));
    return {};
  }
  Result<void> remove_idle(const std::string& job, Instant due) override {
    VF_TRY(db_.query(sql(kRemoveIdle, table_), Values().text(job).time(due)));
    return {};
  }
  Result<std::optional<RunRow>> last_ended(const std::string& job) override {
    return first(kLastEnded, Values().text(job));
  }
  Result<void> remove_beyond(const Run& ended) override {
    Values values;
    values.text(ended.job).boolean(!ended.due).uuid(ended.id).integer(kEndedRunsStep).integer(kEndedRunsMax - 1);
    VF_TRY(db_.query(sql(kRemoveBeyond, table_), values));
    return {};
  }
  Result<int64_t> purge(const PurgeRuns& step) override {
    const auto removed = db_.query(sql(kPurge, table_), Values().time(step.ended_before).integer(step.rows_max));
    if (!removed) return removed.error();
    return removed->affected();
  }

 private:
  Result<std::optional<RunRow>> first(std::string_view text, const Values& values) {
    VF_ASSIGN(const auto rows, db_.query(sql(text, table_), values));
    return rows.empty() ? std::nullopt : std::optional(read_row(rows, 0));
  }

  Connection& db_;
  const std::string_view table_;
  const Instant now_;
};

}  // namespace

Result<Instant> lock_runs(Connection& db, std::optional<Instant> now) {
  Values values;
  add_time(values, now);
  VF_ASSIGN(const auto rows, db.query(kLock, values));
  return rows.time_at(0, 0);
}

Result<RunResult> write_run(Connection& db, std::string_view table, const RunWrite& write, Instant now) {
  PostgresRunRows rows(db, table, now);
  return store::write_run(rows, write);
}

Result<std::vector<Run>> read_runs(Connection& db, std::string_view table, const RunFilter& filter) {
  Values values;
  values.integer(filter.before.value_or(std::numeric_limits<int64_t>::max())).limit(filter.rows_max);
  if (filter.job) values.text(*filter.job);
  const std::string_view of_all = filter.asked_for ? kRunsAskedFor : kRuns;
  const std::string_view of_job = filter.asked_for ? kRunsOfJobAskedFor : kRunsOfJob;
  VF_ASSIGN(const auto rows, db.query(sql(filter.job ? of_job : of_all, table), values));
  return read_all(rows);
}

Result<std::optional<Run>> read_run(Connection& db, std::string_view table, Uuid id) {
  VF_ASSIGN(const auto rows, db.query(sql(kFind, table), Values().uuid(id)));
  return rows.empty() ? std::nullopt : std::optional(read_row(rows, 0).run);
}

Result<std::vector<JobRuns>> read_last_runs(Connection& db, std::string_view table) {
  VF_ASSIGN(const auto jobs, db.query(sql(kJobs, table)));
  std::vector<JobRuns> found;
  for (int i = 0; i < jobs.size(); ++i) {
    found.push_back(
        {.job = jobs.text_at(i, 0), .succeeded_at = optional_time(jobs, i, 2), .due = optional_time(jobs, i, 1)});
  }
  VF_ASSIGN(const auto running, db.query(sql(kAllRunning, table)));
  VF_ASSIGN(const auto ended, db.query(sql(kAllEnded, table)));
  add_runs(found, read_all(running), &JobRuns::running);
  add_runs(found, read_all(ended), &JobRuns::ended);
  return found;
}

Result<std::vector<std::string>> read_waiting_jobs(Connection& db, std::string_view table, std::optional<Instant> now) {
  Values values;
  add_time(values, now);
  VF_ASSIGN(const auto rows, db.query(sql(kWaitingJobs, table), values));
  std::vector<std::string> jobs;
  for (int i = 0; i < rows.size(); ++i) jobs.push_back(rows.text_at(i, 0));
  return jobs;
}

}  // namespace vf::store::postgres
