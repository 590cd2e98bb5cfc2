#include "upkeep/retention_job.h"

#include <memory>
#include <utility>

#include "outbox/write_and_wait.h"

namespace vf::upkeep {
namespace {

constexpr Millis kTimeout{300'000};
constexpr Millis kRunAtMost{60'000};  // then the next run continues; the timeout is for stores that do not answer
constexpr int64_t kRowsMax = 5'000;   // of each table: a few tens of milliseconds of SQLite's write lock

Result<int64_t> remove(outbox::Writer& writer, store::Write step) {
  VF_ASSIGN(const auto written, outbox::write_and_wait(writer, std::move(step)));
  const auto* rows = std::get_if<store::RowsRemoved>(&written);
  return rows ? rows->removed : 0;
}

}  // namespace

Result<std::optional<store::RetentionStep>> due_retention(const RetentionRule& rule, watch::TrustedTime& time) {
  VF_ASSIGN(const auto now, time.now());
  if (!now) return std::optional<store::RetentionStep>();
  return std::optional(store::RetentionStep{.outbox_before = *now - rule.outbox,
                                            .ledger_before = *now - rule.ledger,
                                            .held_by = rule.consumers,
                                            .rows_max = kRowsMax,
                                            .deliveries_before = *now - rule.max_backlog});
}

Result<std::optional<store::PurgeRuns>> due_purge_of_runs(const store::Run& run, watch::TrustedTime& time) {
  const bool is_first_of_hour =
      run.due && *run.due - std::chrono::floor<std::chrono::hours>(*run.due) < kRetentionPeriod;
  if (!is_first_of_hour) return std::optional<store::PurgeRuns>();
  VF_ASSIGN(const auto now, time.now());
  if (!now) return std::optional<store::PurgeRuns>();
  return std::optional(store::PurgeRuns{.ended_before = *now - kRunsKept});
}

jobs::Job retention_job(RetentionParams params) {
  const auto run = [params = std::move(params)](jobs::Context& context) -> Result<jobs::Finish> {
    store::RunProgress progress{.counts = {{"removed", 0}}};
    auto& removed = progress.counts["removed"];
    for (int64_t rows = kRowsMax; rows >= kRowsMax && !context.has_worked_for(kRunAtMost);) {
      if (context.should_end()) return jobs::Finish::interrupted;
      VF_ASSIGN(const auto step, due_retention(params.rule(), params.time));
      if (!step) return jobs::Finish::complete;
      VF_ASSIGN(rows, remove(params.writer, *step));
      removed += rows;
      context.report(progress);
    }
    VF_ASSIGN(const auto purge, due_purge_of_runs(context.run(), params.time));
    if (purge) {
      VF_ASSIGN(const auto runs, remove(params.writer, store::RunWrite{*purge}));
      removed += runs;
      context.report(progress);
    }
    return jobs::Finish::complete;
  };
  return {.name = "retention", .schedule = *jobs::Schedule::every(kRetentionPeriod), .timeout = kTimeout, .run = run};
}

}  // namespace vf::upkeep
