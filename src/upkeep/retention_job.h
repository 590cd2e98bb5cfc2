// The job `retention`: removes rows of the shared store that are older than `ingest.retention`, dead letters that are
// older than every target's `max_backlog` too, and old runs. It works in bounded steps, which the committer writes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"
#include "watch/trusted_time.h"

namespace vf::upkeep {

struct RetentionRule {
  Millis outbox, ledger;                       // how long rows are kept
  std::vector<std::string> consumers;          // a row that one of them has not passed is kept
  Millis max_backlog = std::chrono::days{30};  // of the targets, the largest: dead letters are kept so long
};

/// Returns the step that is due now: it removes the rows that are too old by the store's clock. The hub's own clock
/// does not count, because a wrong one must not empty the store. nullopt: a clock is in doubt, so nothing is removed.
Result<std::optional<store::RetentionStep>> due_retention(const RetentionRule& rule, watch::TrustedTime& time);

struct RetentionParams {
  std::function<RetentionRule()> rule;  // in force now
  watch::TrustedTime& time;             // of the store
  outbox::Writer& writer;
};
/// Counts: removed. What `params` refers to outlives the job.
jobs::Job retention_job(RetentionParams params);

/// Each run writes its claim and its outcome, so a shorter period would keep an idle hub writing. Within a run, after a
/// full step the next follows at once: at 15,000 events/s a run has some two hundred steps.
inline constexpr Millis kRetentionPeriod{60'000};

/// Runs of jobs are kept so long after their end, in the shared store and in environments.
inline constexpr Millis kRunsKept = std::chrono::days{30};
/// Returns the step that removes old runs, in the first run of each hour. nullopt: it is not due, or a clock is in
/// doubt.
Result<std::optional<store::PurgeRuns>> due_purge_of_runs(const store::Run& run, watch::TrustedTime& time);

}  // namespace vf::upkeep
