#include "jobs/local_runs.h"

namespace vf::jobs {

Result<store::RunResult> LocalRuns::write(store::RunWrite write) {
  const std::lock_guard lock(mutex_);
  auto result = table_.write(write, clock_.now());
  table_.keep_ended(kEndedMax);
  return result;
}

Result<std::vector<store::Run>> LocalRuns::runs(const store::RunFilter& filter) {
  const std::lock_guard lock(mutex_);
  return table_.runs(filter);
}

Result<std::optional<store::Run>> LocalRuns::find_run(Uuid id) {
  const std::lock_guard lock(mutex_);
  return table_.find(id);
}

Result<std::vector<store::JobRuns>> LocalRuns::last_runs() {
  const std::lock_guard lock(mutex_);
  return table_.last_runs();
}

Result<std::vector<std::string>> LocalRuns::waiting_jobs(Instant now) {
  const std::lock_guard lock(mutex_);
  return table_.waiting_jobs(now);
}

}  // namespace vf::jobs
