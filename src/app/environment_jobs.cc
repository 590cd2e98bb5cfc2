#include "app/environment_jobs.h"

#include "app/holder.h"
#include "app/job_time.h"
#include "upkeep/quarantine_job.h"

namespace vf::app {
namespace {

std::shared_ptr<const upkeep::PurgeRule> rule_of(const settings::Environment& configured) {
  return std::make_shared<const upkeep::PurgeRule>(configured.processed_retention, configured.quarantined_retention);
}

}  // namespace

// The table of an environment's jobs.
std::vector<jobs::Job> EnvironmentJobs::table() {
  std::vector<jobs::Job> jobs;
  jobs.push_back(upkeep::purge_job({[this] { return *retention_.get(); }, params_.store, params_.time, runs_}));
  jobs.push_back(upkeep::retry_quarantine_job(params_.store, params_.services.clock));
  jobs.push_back(upkeep::drop_quarantine_job(params_.store));
  return jobs;
}

Result<PutIntoForce> EnvironmentJobs::prepare(const Change& change) {
  return PutIntoForce(
      [this, rule = rule_of(change.settings->environments.at(params_.environment))] { retention_.replace(rule); });
}

EnvironmentJobs::EnvironmentJobs(Params params)
    : params_(std::move(params)),
      retention_(rule_of(params_.configured)),
      runs_(params_.store, params_.services.clock),
      jobs_({.jobs = table(),
             .reads = params_.store,
             .writer = runs_,
             .clock = params_.services.clock,
             .seed = chance(params_.services.clock, params_.environment),
             .here = params_.works}) {
  const std::string name = "jobs:" + params_.environment;
  if (!params_.works) {
    watch_ =
        std::make_unique<jobs::JobsWatch>(jobs::JobsWatch::Params{params_.environment, name, jobs_, params_.services});
    return;
  }
  const uint64_t seed = chance(params_.services.clock, "runner of " + params_.environment);
  runner_ = std::make_unique<jobs::Runner>(jobs::Runner::Params{.environment = params_.environment,
                                                                .name = name,
                                                                .jobs = jobs_,
                                                                .reads = params_.store,
                                                                .writer = runs_,
                                                                .time = tick_time(params_.time),
                                                                .services = params_.services,
                                                                .holder = process_name(seed),
                                                                .seed = seed});
}

void EnvironmentJobs::drain(Millis at_most) {
  if (runner_) runner_->drain(at_most);
}

}  // namespace vf::app
