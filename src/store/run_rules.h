// The rules of the writes of runs, once for all drivers: write_run() decides what a RunWrite changes, a driver's
// RunRows reads and writes the rows. Lives for one transaction, on its thread; no other transaction writes runs
// meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/runs.h"

namespace vf::store {

/// A run as the tables store it.
struct RunRow {
  Run run;
  // Of a run in the state `running`: when it was claimed or renewed last, and when that claim expires.
  Instant renewed_at = {};
  Instant lease_until = {};
  bool is_idle = false;  // to be replaced by the job's next idle run
};

/// Returns whether a claim may be taken away. A claim that expires more than ten times its span ahead was written by a
/// clock that was ahead: if its holder has died since, it must not last until the time that the clock showed.
bool is_expired(const RunRow& row, Instant now);

/// The table of runs inside one transaction.
class RunRows {
 public:
  virtual ~RunRows() = default;
  virtual Instant now() const = 0;  // by the store's clock
  virtual Result<std::optional<RunRow>> find(Uuid id) = 0;
  virtual Result<std::optional<RunRow>> running(const std::string& job) = 0;
  virtual Result<std::optional<RunRow>> first_waiting(const std::string& job) = 0;  // the one with the least number
  virtual Result<int64_t> count_waiting(const std::string& job) = 0;
  /// Returns the latest `due` of the job's runs that is not after `at_most`.
  virtual Result<std::optional<Instant>> latest_due(const std::string& job, Instant at_most) = 0;
  /// Adds a row. Returns its number.
  virtual Result<int64_t> add(const RunRow& row) = 0;
  /// Stores the row with the id of `row`; its id, number, job, due, parameters, asked_by and asked_at never change.
  virtual Result<void> update(const RunRow& row) = 0;
  /// Stores what a renewal changes: the claim and the progress. No index has these columns, so that a renewal costs
  /// little.
  virtual Result<void> renew(const RunRow& row) = 0;
  /// Returns the job's run that ended last.
  virtual Result<std::optional<RunRow>> last_ended(const std::string& job) = 0;
  /// Deletes the job's idle rows with a lesser `due`.
  virtual Result<void> remove_idle(const std::string& job, Instant due) = 0;
  /// Deletes what EndRun describes of the runs that are scheduled like `ended`, or asked for like it, but not `ended`.
  virtual Result<void> remove_beyond(const Run& ended) = 0;
  /// Does what PurgeRuns describes. Returns the number of rows deleted.
  virtual Result<int64_t> purge(const PurgeRuns& step) = 0;
};

/// Puts each run into the entry of its job; a run whose job has no entry is dropped.
void add_runs(std::vector<JobRuns>& jobs, std::vector<Run> runs, std::optional<Run> JobRuns::* member);

/// Does what the write describes (runs.h).
Result<RunResult> write_run(RunRows& rows, const RunWrite& write);

}  // namespace vf::store
