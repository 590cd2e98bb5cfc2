#include "app/hub_jobs.h"

#include <algorithm>

#include "app/holder.h"
#include "app/job_time.h"
#include "upkeep/dead_letter_jobs.h"

namespace vf::app {
namespace {

std::vector<std::string> consumer_names(const HubJobs::Params& params) {
  std::vector<std::string> names;
  for (const auto& target : params.consumers.targets()) names.push_back(target.name);
  if (params.lake) names.emplace_back(store::kRawLog);
  return names;
}

upkeep::DeadLetterJobParams dead_letters(const HubJobs::Params& params) {
  return {.outbox = params.outbox, .writer = params.committer, .clock = params.services.clock, .consumers = [params] {
            return consumer_names(params);
          }};
}

std::vector<std::string> source_names(const settings::Settings& config) {
  std::vector<std::string> names;
  if (config.sources.kick) names.emplace_back("kick");
  if (config.sources.sumsub) names.emplace_back("sumsub");
  for (const auto& [name, source] : config.sources.generic) names.push_back(name);
  return names;
}

}  // namespace

// The table of the hub's jobs.
std::vector<jobs::Job> HubJobs::table() {
  std::vector<jobs::Job> jobs;
  jobs.push_back(upkeep::retention_job({[this] { return retention(); }, params_.time, params_.committer}));
  if (params_.lake) {
    jobs.push_back(
        upkeep::reconciliation_job({{params_.outbox, *params_.lake}, params_.committer, params_.services.clock}));
  }
  jobs.push_back(upkeep::dead_retry_job(dead_letters(params_)));
  jobs.push_back(upkeep::dead_drop_job(dead_letters(params_)));
  return jobs;
}

upkeep::RetentionRule HubJobs::retention() const {
  const auto ingest = ingest_.get();
  upkeep::RetentionRule rule{
      .outbox = ingest->outbox_retention, .ledger = ingest->ledger_retention, .consumers = consumer_names(params_)};
  const auto targets = params_.consumers.targets();
  if (!targets.empty()) rule.max_backlog = std::ranges::max(targets, {}, &fanout::Target::max_backlog).max_backlog;
  return rule;
}

Result<PutIntoForce> HubJobs::prepare(const Change& change) {
  return PutIntoForce([this, settings = change.settings] {
    ingest_.replace(std::make_shared<const settings::Ingest>(settings->ingest));
  });
}

HubJobs::HubJobs(Params params)
    : params_(params),
      ingest_(std::make_shared<const settings::Ingest>(params_.config.ingest)),
      runs_(params_.committer),
      jobs_({.jobs = table(),
             .reads = params_.outbox,
             .writer = runs_,
             .clock = params_.services.clock,
             .seed = chance(params_.services.clock, "hub")}),
      reconciliation_(params_.outbox, params_.services.clock) {
  if (params_.lake) reconciliation_.publish(params_.services, source_names(params_.config));
  const uint64_t seed = chance(params_.services.clock, "runner");
  runner_ = std::make_unique<jobs::Runner>(jobs::Runner::Params{.jobs = jobs_,
                                                                .reads = params_.outbox,
                                                                .writer = runs_,
                                                                .time = tick_time(params_.time),
                                                                .services = params_.services,
                                                                .holder = process_name(seed),
                                                                .seed = seed});
}

}  // namespace vf::app
