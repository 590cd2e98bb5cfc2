// Runs: the rows of a database's table of runs (dm.job_runs, environments _job_runs), the writes that change them, and
// RunReads, the port that reads them. A run is one execution of a job: a scheduled one, or one that a person asked for.
// The row of a run in the state `running` is also the lease of its job: a job has at most one such row, and its holder
// does the work. The rules of the writes are in run_rules.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/written.h"

namespace vf::store {

/// waiting: asked for, or to be resumed; no process has claimed it yet. running: its holder works on it. The other
/// states are final. lost: its holder vanished, and the job cannot resume. timeout: cancelled at its deadline.
enum class RunState { waiting, running, done, failed, stopped, timeout, lost };
std::string_view to_string(RunState state);
std::optional<RunState> parse_run_state(std::string_view name);

/// Names are UTF-8 text; a byte that is not is stored as U+FFFD.
using RunCounts = std::map<std::string, int64_t>;
/// Returns the JSON object that the tables store, and the API shows, for counts.
std::string to_json(const RunCounts& counts);
/// The inverse of to_json(). Text of another form gives no counts.
RunCounts parse_run_counts(std::string_view json);

/// How far a run has come. `cursor` is the job's own text; a resumed run continues from it.
struct RunProgress {
  int64_t done = 0;
  std::optional<int64_t> of = {};  // nullopt: unknown
  RunCounts counts = {};           // what happened so far, by the job's own names; errors are grouped here too
  std::string cursor = {};
};

struct Run {
  int64_t number = 0;  // by the order in which the rows of the table were added; given by the store
  Uuid id;
  std::string job;
  std::optional<Instant> due = {};  // the scheduled time; nullopt: a person asked for the run
  std::string parameters = "{}";    // a JSON object
  RunState state = RunState::waiting;
  std::string holder = {};                 // the process that works on the run, or was the last to do so
  std::string asked_by = {};               // empty for a scheduled run
  Instant asked_at = {};                   // of a scheduled run: when it was claimed
  std::optional<Instant> started_at = {};  // when it was claimed first
  std::optional<Instant> ended_at = {};
  std::optional<Instant> claimed_until = {};  // of a run in the state `running`, as RunReads returns it
  RunProgress progress = {};
  std::string error = {};
  bool stop_wanted = false;
  // Of a run that has ended. A failed run, one that ran into its timeout, and one that was lost count as failures; a
  // run that is `done` ends the series, one that was stopped leaves it as it is.
  int64_t failures = 0;                       // how many of the job's runs failed since one was done, up to this run
  std::optional<Instant> failing_since = {};  // when the first of them ended
};

/// Adds a run that waits. Error `conflict`: `alone`, and a run of the job waits or runs; or kWaitingRunsMax runs of the
/// job wait; or there is a run with this id.
struct RequestRun {
  Uuid id;
  std::string job;
  std::string parameters = "{}";
  std::string asked_by;
  bool alone = true;
};
inline constexpr int64_t kWaitingRunsMax = 100;

/// Claims the next run of a job for `holder`, in this order: if the job's running row has expired by the store's clock,
/// it waits again (`resumable`; if a stop was wanted it is stopped) or is lost; while a running row remains, there is
/// nothing to claim; the run with the least number that waits is claimed; else, if `due` is set and no run of the job
/// has the same `due`, or a later one that has passed by the store's clock (one that has not was written by a clock
/// that was ahead), a new run with the id `id` is added and claimed. The claim expires `span` after it was made, unless
/// UpdateRun renews it.
struct ClaimRun {
  Uuid id;
  std::string job;
  std::string holder;
  Millis span{};
  std::optional<Instant> due = {};
  bool resumable = false;
};

/// Renews a claim for `span`, and stores the progress if that is set. An expired claim can be renewed until another
/// process has claimed the run or the job. Error `conflict`: the run is not `holder`'s any more, which must end its
/// work without another write.
struct UpdateRun {
  Uuid id;
  std::string holder;
  Millis span{};
  std::optional<RunProgress> progress = {};
};

/// Ends a run. `state` is a final state, or `waiting`: the holder gives the run back, to be resumed by another process;
/// if a stop was wanted, it is stopped. The same write may be repeated. Error `conflict`: the run is not `holder`'s any
/// more. Error `invalid`: `state` is `running`. A scheduled run that is `done` and has no count other than zero is
/// idle: it replaces the job's idle run before it, so that jobs which seldom find work do not fill the table. A run
/// that a person asked for is never replaced, because that person may wait for its outcome. Of the scheduled runs of a
/// job that have ended the newest kEndedRunsMax are kept, and as many of those that a person asked for: an end deletes
/// older ones, kEndedRunsStep at most.
struct EndRun {
  Uuid id;
  std::string holder;
  RunState state = RunState::done;
  RunProgress progress = {};
  std::string error = {};
};
inline constexpr int64_t kEndedRunsMax = 500;
inline constexpr int64_t kEndedRunsStep = 1'000;

/// Asks the holder of a run to stop. A run that waits, or whose claim has expired, is stopped at once. Error
/// `not_found`: there is no such run. Error `conflict`: it has ended.
struct StopRun {
  Uuid id;
};

/// One bounded step that deletes runs which ended before `ended_before`, the oldest first. The run of each job that
/// ended last is kept, and its run with the latest `due`, without which that `due` would be claimed again. Purging is
/// complete when a step removes fewer than `rows_max` rows.
struct PurgeRuns {
  Instant ended_before = {};
  int64_t rows_max = 1000;
};

using RunWrite = std::variant<RequestRun, ClaimRun, UpdateRun, EndRun, StopRun, PurgeRuns>;

/// Result of ClaimRun: the claimed run; null: there is nothing to claim now.
struct RunClaimed {
  std::shared_ptr<const Run> run;  // by pointer: the result of every write of a batch has the size of the largest
};
/// Result of UpdateRun.
struct RunRenewed {
  bool stop_wanted = false;
};
/// PurgeRuns gives RowsRemoved; RequestRun, EndRun and StopRun give Written.
using RunResult = std::variant<Written, RunClaimed, RunRenewed, RowsRemoved>;

/// Selects runs that match every field that is set; the run with the greatest number, the newest, comes first.
struct RunFilter {
  std::optional<std::string> job = {};
  bool asked_for = false;              // only those that a person asked for
  std::optional<int64_t> before = {};  // only runs with a lesser number: the next page
  size_t rows_max = 50;
};

/// What the table says about one job.
struct JobRuns {
  std::string job;
  std::optional<Run> running = {};
  std::optional<Run> ended = {};             // the run that ended last
  std::optional<Instant> succeeded_at = {};  // when the last run that is `done` ended
  std::optional<Instant> due = {};           // the latest scheduled time of a run in any state
};

/// Reads the runs of a database. OutboxStore and EnvironmentStore inherit it, so that one runner works on either.
class RunReads {
 public:
  virtual ~RunReads() = default;
  virtual Result<std::vector<Run>> runs(const RunFilter& filter) = 0;
  virtual Result<std::optional<Run>> find_run(Uuid id) = 0;
  /// Returns every job that has runs, by its name.
  virtual Result<std::vector<JobRuns>> last_runs() = 0;
  /// Returns the names of the jobs for which ClaimRun without `due` has something to do: a run waits, or a claim has
  /// expired by the store's clock (`now` where the store has no clock of its own). Cheap enough to be called every
  /// second.
  virtual Result<std::vector<std::string>> waiting_jobs(Instant now) = 0;
};

}  // namespace vf::store
