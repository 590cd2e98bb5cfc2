#include "app/maintenance.h"

#include <algorithm>
#include <utility>

namespace vf::app {
namespace {

constexpr Millis kPurgePause{5'000};
constexpr int64_t kPurgeRows = 5'000;     // of a step; after a full one the next follows at once
constexpr Millis kRetryPause{3'600'000};  // between passes through quarantine; the first begins at start
constexpr Millis kRetryAfterFailure{60'000};

}  // namespace

Maintenance::Maintenance(Params params)
    : params_(std::move(params)),
      purger_("purge:" + params_.environment, kPurgePause, [this] { return purge(); }),
      retrier_("retry:" + params_.environment, Millis{0}, [this] { return retry_quarantined(); }) {}

void Maintenance::drain() {
  purger_.stop();
  retrier_.stop();
}

Result<std::optional<store::Purge>> Maintenance::due(const Params& params) {
  VF_ASSIGN(const auto now, params.time.now());
  if (!now) return std::optional<store::Purge>();
  return std::optional(store::Purge{.processed_before = *now - params.configured.processed_retention,
                                    .quarantined_before = *now - params.configured.quarantined_retention,
                                    .rows_max = kPurgeRows});
}

Millis Maintenance::purge() {
  const auto step = due(params_);
  if (step && !*step) return kPurgePause;
  const auto removed = step ? params_.store.purge(**step) : Result<int64_t>(step.error());
  if (!removed) {
    params_.services.log.warn("removing old rows of the environment failed",
                              {{"environment", params_.environment}, {"reason", removed.error().message}});
    return kPurgePause;
  }
  return *removed < kPurgeRows ? kPurgePause : Millis{0};
}

Millis Maintenance::retry_quarantined() {
  if (!pass_.begun) pass_ = {.begun = params_.services.clock.now(), .counts = {}};
  // If the clock went back, the pass would read its own attempts again and never end.
  const Instant now = std::max(params_.services.clock.now(), *pass_.begun);
  const auto step = receive::retry_quarantined(params_.store, now, *pass_.begun);
  if (!step) {
    params_.services.log.warn("retry of quarantined events failed",
                              {{"environment", params_.environment}, {"reason", step.error().message}});
    return kRetryAfterFailure;
  }
  auto& counts = pass_.counts;
  counts.tried += step->tried;
  counts.applied += step->applied;
  counts.ignored += step->ignored;
  counts.quarantined += step->quarantined;
  if (step->tried > 0) return Millis{0};
  if (counts.tried > 0) {
    params_.services.log.info("quarantined events tried again",
                              {{"environment", params_.environment},
                               {"tried", std::to_string(counts.tried)},
                               {"applied", std::to_string(counts.applied)},
                               {"ignored", std::to_string(counts.ignored)},
                               {"still_quarantined", std::to_string(counts.quarantined)}});
  }
  pass_ = {};
  return kRetryPause;
}

}  // namespace vf::app
