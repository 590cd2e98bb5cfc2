// RunTable: a table of runs in memory, for the runs that a process keeps for itself and for the stores in memory. It
// follows the rules of run_rules.h, as the tables in databases do. Not thread safe: its owner's mutex protects it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/run_rules.h"
#include "store/runs.h"

namespace vf::store {

class RunTable {
 public:
  /// Does what the write describes. A refused write changes nothing.
  Result<RunResult> write(const RunWrite& write, Instant now);

  /// Deletes the runs of each job that ended first, so that `at_most` ended ones remain.
  void keep_ended(size_t at_most);

  std::vector<Run> runs(const RunFilter& filter) const;
  std::optional<Run> find(Uuid id) const;
  std::vector<JobRuns> last_runs() const;
  std::vector<std::string> waiting_jobs(Instant now) const;

 private:
  friend class RunTableRows;
  std::map<int64_t, RunRow> rows_;  // by number
  int64_t last_number_ = 0;
};

}  // namespace vf::store
