// MemoryRuns: a table of runs in memory, and the reads of it, for the stores in memory. Not thread safe: the store's
// mutex protects it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/run_rules.h"
#include "store/runs.h"

namespace vf::store::memory {

class MemoryRuns {
 public:
  /// Does what the write describes. A refused write changes nothing.
  Result<RunResult> write(const RunWrite& write, Instant now);

  std::vector<Run> runs(const RunFilter& filter) const;
  std::optional<Run> find(Uuid id) const;
  std::vector<JobRuns> last_runs() const;
  std::vector<std::string> waiting_jobs(Instant now) const;

 private:
  friend class MemoryRunRows;
  std::map<int64_t, RunRow> rows_;  // by number
  int64_t last_number_ = 0;
};

}  // namespace vf::store::memory
