#include "upkeep/quarantine_job.h"

#include <algorithm>

#include "receive/apply.h"

namespace vf::upkeep {
namespace {

constexpr Millis kPeriod{3'600'000};
constexpr Millis kTimeout{3'000'000};
constexpr Millis kAfterFailure{60'000};  // then the run continues; the next one is an hour away

void add(store::RunCounts& counts, const receive::RetryCounts& step) {
  counts["tried"] += static_cast<int64_t>(step.tried);
  counts["applied"] += static_cast<int64_t>(step.applied);
  counts["ignored"] += static_cast<int64_t>(step.ignored);
  counts["quarantined"] += static_cast<int64_t>(step.quarantined);
}

}  // namespace

jobs::Job quarantine_job(store::EnvironmentStore& store, const Clock& clock) {
  const auto run = [&store, &clock](jobs::Context& context) -> Result<jobs::Finish> {
    store::RunProgress progress = context.run().progress;
    // Events that were tried after this time are left out, also when the run is resumed.
    const Instant begun = parse_time(progress.cursor).value_or(clock.now());
    progress.cursor = to_rfc3339(begun);
    while (!context.should_end()) {
      // If the clock went back, the run would read its own attempts again and never end.
      const Instant now = std::max(clock.now(), begun);
      const auto step = receive::retry_quarantined(store, now, begun);
      if (!step && step.error().code == Code::unavailable && context.wait(kAfterFailure)) continue;
      if (!step) return step.error();
      add(progress.counts, *step);
      progress.done += static_cast<int64_t>(step->tried);
      context.report(progress);
      if (step->tried == 0) return jobs::Finish::complete;
    }
    return jobs::Finish::interrupted;
  };
  return {.name = "retry-quarantine",
          .schedule = *jobs::Schedule::every(kPeriod),
          .timeout = kTimeout,
          .resumable = true,
          .at_start = true,
          .run = run};
}

}  // namespace vf::upkeep
