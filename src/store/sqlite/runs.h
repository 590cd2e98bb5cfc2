// The table of runs on SQLite, the same in both databases but for its name. Functions on a connection; no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/runs.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Names of the tables.
inline constexpr std::string_view kHubRuns = "job_runs";
inline constexpr std::string_view kEnvironmentRuns = "_job_runs";

/// Makes one write inside a transaction that the caller has begun. `now` is the time of the write.
Result<RunResult> write_run(Connection& db, std::string_view table, const RunWrite& write, Instant now);

/// These do what RunReads describes.
Result<std::vector<Run>> read_runs(Connection& db, std::string_view table, const RunFilter& filter);
Result<std::optional<Run>> read_run(Connection& db, std::string_view table, Uuid id);
Result<std::vector<JobRuns>> read_last_runs(Connection& db, std::string_view table);
Result<std::vector<std::string>> read_waiting_jobs(Connection& db, std::string_view table, Instant now);

}  // namespace vf::store::sqlite
