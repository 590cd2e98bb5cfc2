// LocalRuns: the table of runs of jobs that each process runs for itself, in memory. It follows the rules of
// store/runs.h, and keeps the last runs of each job. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobs/run_writer.h"

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
  struct Row {
    store::Run run;
    Instant lease_until = {};
  };
  Result<store::RunResult> apply(const store::RequestRun& request);
  Result<store::RunResult> apply(const store::ClaimRun& claim);
  Result<store::RunResult> apply(const store::UpdateRun& update);
  Result<store::RunResult> apply(const store::EndRun& end);
  Result<store::RunResult> apply(const store::StopRun& stop);
  Result<store::RunResult> apply(const store::PurgeRuns& purge);
  Row& add(store::Run run);
  Row* find(Uuid id);
  Row* running(const std::string& job);
  Result<Row*> held(Uuid id, const std::string& holder);
  void finish(Row& row, store::RunState state);
  void forget_old(const std::string& job);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<int64_t, Row> rows_;  // by number
  int64_t last_number_ = 0;
};

}  // namespace vf::jobs
