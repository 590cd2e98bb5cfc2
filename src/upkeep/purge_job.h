// The job `purge` of an environment: removes the rows of its bookkeeping that are older than
// `environments.*.retention`, and old runs.
#pragma once

#include <functional>
#include <optional>

#include "jobs/job.h"
#include "jobs/run_writer.h"
#include "store/environment_store.h"
#include "watch/trusted_time.h"

namespace vf::upkeep {

/// How long rows are kept.
struct PurgeRule {
  Millis processed, quarantined;
};

/// Returns the purge that is due now: it removes the rows that are too old by the store's clock. The worker's own clock
/// does not count, because a wrong one must not empty the store. nullopt: a clock is in doubt, so nothing is removed.
Result<std::optional<store::Purge>> due_purge(const PurgeRule& rule, watch::TrustedTime& time);

struct PurgeParams {
  std::function<PurgeRule()> rule;  // in force now
  store::EnvironmentStore& store;
  watch::TrustedTime& time;  // of the store
  jobs::RunWriter& runs;     // of the store
};
/// Counts: removed. What `params` refers to outlives the job.
jobs::Job purge_job(PurgeParams params);

}  // namespace vf::upkeep
