// The table of runs on PostgreSQL, the same in both databases but for its name. Functions on a connection; no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/connection.h"
#include "store/runs.h"

namespace vf::store::postgres {

/// Names of the tables.
inline constexpr std::string_view kHubRuns = "dm.job_runs";
inline constexpr std::string_view kEnvironmentRuns = "public._job_runs";

/// Waits until no other transaction writes runs in this database, and keeps the others waiting until this transaction
/// ends. Returns the time of the writes that follow: `now`, or without it the server's.
Result<Instant> lock_runs(Connection& db, std::optional<Instant> now);
/// Makes one write inside a transaction that the caller has begun, after lock_runs(), which returned `now`.
Result<RunResult> write_run(Connection& db, std::string_view table, const RunWrite& write, Instant now);

/// These do what RunReads describes. `now`: nullopt: the server's time.
Result<std::vector<Run>> read_runs(Connection& db, std::string_view table, const RunFilter& filter);
Result<std::optional<Run>> read_run(Connection& db, std::string_view table, Uuid id);
Result<std::vector<JobRuns>> read_last_runs(Connection& db, std::string_view table);
Result<std::vector<std::string>> read_waiting_jobs(Connection& db, std::string_view table, std::optional<Instant> now);

}  // namespace vf::store::postgres
