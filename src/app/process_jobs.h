// ProcessJobs: the jobs that every process runs for itself. Their runs are kept in memory. One thread constructs it and
// calls drain(); any thread may call jobs().
#pragma once

#include <memory>

#include "jobs/jobs.h"
#include "jobs/local_runs.h"
#include "jobs/runner.h"
#include "obs/services.h"

namespace vf::app {

class ProcessJobs {
 public:
  explicit ProcessJobs(obs::Services services);

  jobs::Jobs& jobs() { return jobs_; }
  void drain(Millis at_most) { runner_->drain(at_most); }

 private:
  const obs::Services services_;
  jobs::LocalRuns runs_;
  jobs::Jobs jobs_;
  std::unique_ptr<jobs::Runner> runner_;  // last: uses the other members
};

}  // namespace vf::app
