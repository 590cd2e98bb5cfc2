// EnvironmentJobs: the jobs of one environment's database. They run in `vf worker` and `vf up`, one process at a time
// each; `vf api` lists them, takes requests for them, and raises the alarm when they are late. One thread constructs it
// and calls drain(); any thread may call jobs().
#pragma once

#include <memory>
#include <string>

#include "app/reloads.h"
#include "concurrency/replaceable.h"
#include "jobs/jobs.h"
#include "jobs/jobs_watch.h"
#include "jobs/runner.h"
#include "jobs/store_runs.h"
#include "obs/services.h"
#include "settings/settings.h"
#include "store/environment_store.h"
#include "upkeep/purge_job.h"
#include "watch/trusted_time.h"

namespace vf::app {

class EnvironmentJobs {
 public:
  struct Params {
    std::string environment;
    const settings::Environment& configured;
    obs::Services services;
    store::EnvironmentStore& store;
    watch::TrustedTime& time;  // of the store
    bool works = true;         // false: this process runs none of the jobs
  };
  explicit EnvironmentJobs(Params params);

  /// Takes over retention.
  Result<PutIntoForce> prepare(const Change& change);

  jobs::Jobs& jobs() { return jobs_; }
  /// Cancels the runs under way, and waits until their outcomes are recorded, for at most this long.
  void drain(Millis at_most);

 private:
  std::vector<jobs::Job> table();

  const Params params_;
  concurrency::Replaceable<const upkeep::PurgeRule> retention_;
  jobs::EnvironmentRuns runs_;
  jobs::Jobs jobs_;
  std::unique_ptr<jobs::JobsWatch> watch_;  // where this process runs none of the jobs
  std::unique_ptr<jobs::Runner> runner_;    // last: uses the other members
};

}  // namespace vf::app
