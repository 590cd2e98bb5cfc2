// Runs: the rows of a database's table of runs (dm.job_runs, environments _job_runs), and the writes that change them.
// A run is one execution of a job: a scheduled one, or one that a person asked for. The row of a run in the state
// `running` is also the lease of its job: a job has at most one such row, and its holder does the work. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace vf::store {

/// waiting: asked for, or to be resumed; no process has claimed it yet. running: its holder works on it. The other
/// states are final. lost: its holder vanished, and the job cannot resume. timeout: cancelled at its deadline.
enum class RunState { waiting, running, done, failed, stopped, timeout, lost };
std::string_view to_string(RunState state);
std::optional<RunState> parse_run_state(std::string_view name);

using RunCounts = std::map<std::string, int64_t>;

/// How far a run has come. `cursor` is the job's own text; a resumed run continues from it.
struct RunProgress {
  int64_t done = 0;
  std::optional<int64_t> of = {};  // nullopt: unknown
  RunCounts counts = {};           // what happened so far, by the job's own names; errors are grouped here too
  std::string cursor = {};
};

struct Run {
  Uuid id;
  std::string job;
  std::optional<Instant> due = {};  // the scheduled time; nullopt: a person asked for the run
  std::string parameters = "{}";    // a JSON object
  RunState state = RunState::waiting;
  std::string holder = {}, asked_by = {};
  Instant asked_at = {};  // of a scheduled run: when it was claimed
  std::optional<Instant> started_at = {}, ended_at = {};
  RunProgress progress = {};
  std::string error = {};
  bool stop_wanted = false;
};

/// Adds a run that waits. Error `conflict`: `alone`, and a run of the job waits or runs; or kWaitingRunsMax runs of the
/// job wait.
struct RequestRun {
  Uuid id;
  std::string job;
  std::string parameters = "{}";
  std::string asked_by;
  bool alone = true;
};
inline constexpr int64_t kWaitingRunsMax = 100;

/// Claims the next run of a job for `holder`, in this order: if the job's running row has expired by the store's clock,
/// it waits again (`resumable`) or is lost; while a running row remains, there is nothing to claim; the run that waits
/// longest is claimed; else, if `due` is set and no run of the job has the same or a later `due`, a new run with the id
/// `id` is added. The row expires `span` after the claim, unless UpdateRun renews it.
struct ClaimRun {
  Uuid id;
  std::string job;
  std::string holder;
  Millis span{};
  std::optional<Instant> due = {};
  bool resumable = false;
};

/// Renews a claim for `span`, and stores the progress if that is set. Error `conflict`: the run is not `holder`'s any
/// more, which must end its work without another write.
struct UpdateRun {
  Uuid id;
  std::string holder;
  Millis span{};
  std::optional<RunProgress> progress = {};
};

/// Ends a run. `state` is a final state, or `waiting`: the holder gives the run back, to be resumed by another process.
/// Error `conflict`: the run is not `holder`'s any more. A run that is `done` and has no count other than zero is idle:
/// it replaces the job's idle run before it, so that jobs which seldom find work do not fill the table.
struct EndRun {
  Uuid id;
  std::string holder;
  RunState state = RunState::done;
  RunProgress progress = {};
  std::string error = {};
};

/// Asks the holder of a run to stop; a run that waits is stopped at once. Error `not_found`: there is no such run.
/// Error `conflict`: it has ended.
struct StopRun {
  Uuid id;
};

/// One bounded step that deletes runs which ended before `ended_before`, the oldest first, except each job's last one.
struct PurgeRuns {
  Instant ended_before = {};
  int64_t rows_max = 1000;
};

using RunWrite = std::variant<RequestRun, ClaimRun, UpdateRun, EndRun, StopRun, PurgeRuns>;

/// Result of ClaimRun: the claimed run; nullopt: there is nothing to claim now.
struct RunClaimed {
  std::optional<Run> run = {};
};
/// Result of UpdateRun.
struct RunRenewed {
  bool stop_wanted = false;
};

/// Selects runs; the newest (by asked_at, then id) come first.
struct RunFilter {
  std::optional<std::string> job = {};
  bool asked_for = false;           // only those that a person asked for
  std::optional<Uuid> before = {};  // only runs older than this one: the next page
  size_t rows_max = 50;
};

}  // namespace vf::store
