#include "upkeep/purge_job.h"

#include <utility>

#include "upkeep/retention_job.h"

namespace vf::upkeep {
namespace {

constexpr Millis kTimeout{300'000};
constexpr Millis kRunAtMost{60'000};  // then the next run continues; the timeout is for stores that do not answer
constexpr int64_t kRowsMax = 5'000;   // of a step; after a full one the next follows at once

}  // namespace

Result<std::optional<store::Purge>> due_purge(const PurgeRule& rule, watch::TrustedTime& time) {
  VF_ASSIGN(const auto now, time.now());
  if (!now) return std::optional<store::Purge>();
  return std::optional(store::Purge{
      .processed_before = *now - rule.processed, .quarantined_before = *now - rule.quarantined, .rows_max = kRowsMax});
}

jobs::Job purge_job(PurgeParams params) {
  const auto run = [params = std::move(params)](jobs::Context& context) -> Result<jobs::Finish> {
    store::RunProgress progress{.counts = {{"removed", 0}}};
    auto& removed = progress.counts["removed"];
    for (int64_t rows = kRowsMax; rows >= kRowsMax && !context.has_worked_for(kRunAtMost);) {
      if (context.should_end()) return jobs::Finish::interrupted;
      VF_ASSIGN(const auto step, due_purge(params.rule(), params.time));
      if (!step) return jobs::Finish::complete;
      VF_ASSIGN(rows, params.store.purge(*step));
      removed += rows;
      context.report(progress);
    }
    VF_ASSIGN(const auto old_runs, due_purge_of_runs(context.run(), params.time));
    if (old_runs) {
      VF_ASSIGN(const auto result, params.runs.write(*old_runs));
      if (const auto* purged = std::get_if<store::RowsRemoved>(&result)) removed += purged->removed;
      context.report(progress);
    }
    return jobs::Finish::complete;
  };
  return {.name = "purge", .schedule = *jobs::Schedule::every(kRetentionPeriod), .timeout = kTimeout, .run = run};
}

}  // namespace vf::upkeep
