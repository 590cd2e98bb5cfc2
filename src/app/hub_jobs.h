// HubJobs: the jobs of the shared store. They run in every process that ingests, one process at a time each. One thread
// constructs it and calls drain(); any thread may call jobs().
#pragma once

#include <memory>

#include "app/consumers.h"
#include "app/reloads.h"
#include "concurrency/replaceable.h"
#include "jobs/jobs.h"
#include "jobs/runner.h"
#include "jobs/store_runs.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "outbox/committer.h"
#include "settings/settings.h"
#include "upkeep/reconciliation_job.h"
#include "upkeep/retention_job.h"
#include "watch/trusted_time.h"

namespace vf::app {

class HubJobs {
 public:
  struct Params {
    const settings::Settings& config;
    obs::Services services;
    store::OutboxStore& outbox;
    watch::TrustedTime& time;      // of the outbox
    lake::RawLog* lake = nullptr;  // nullptr: there is no raw log, hence no reconciliation
    outbox::Committer& committer;
    Consumers& consumers;
  };
  explicit HubJobs(Params params);

  /// Takes over retention.
  Result<PutIntoForce> prepare(const Change& change);

  jobs::Jobs& jobs() { return jobs_; }
  /// Cancels the runs under way, and waits until their outcomes are recorded, for at most this long.
  void drain(Millis at_most) { runner_->drain(at_most); }

 private:
  std::vector<jobs::Job> table();
  upkeep::RetentionRule retention() const;

  const Params params_;
  concurrency::Replaceable<const settings::Ingest> ingest_;
  jobs::OutboxRuns runs_;
  jobs::Jobs jobs_;
  upkeep::ReconciliationWatch reconciliation_;
  std::unique_ptr<jobs::Runner> runner_;  // last: uses the other members
};

}  // namespace vf::app
