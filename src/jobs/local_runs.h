// LocalRuns: the table of runs of jobs that each process runs for itself, in memory. It follows the rules of
// store/runs.h, and keeps the last runs of each job. Thread safe.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobs/run_writer.h"
#include "store/run_table.h"

namespace vf::jobs {

class LocalRuns final : public RunWriter, public store::RunReads {
 public:
  static constexpr size_t kEndedMax = 20;  // ended runs kept, of each job

  explicit LocalRuns(const Clock& clock) : clock_(clock) {}

  Result<store::RunResult> write(store::RunWrite write) override;
  Result<std::vector<store::Run>> runs(const store::RunFilter& filter) override;
  Result<std::optional<store::Run>> find_run(Uuid id) override;
  Result<std::vector<store::JobRuns>> last_runs() override;
  Result<std::vector<std::string>> waiting_jobs(Instant now) override;

 private:
  const Clock& clock_;
  std::mutex mutex_;
  store::RunTable table_;  // guarded by mutex_
};

}  // namespace vf::jobs
