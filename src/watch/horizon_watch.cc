#include "watch/horizon_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <utility>

#include "base/seconds.h"

namespace vf::watch {
namespace {

constexpr std::chrono::seconds kFailingAbove{60};

// Says nothing about a store that does not answer: another health check does.
std::string why_failing(const Result<std::optional<HeldBack>>& answer) {
  if (!answer || !*answer || (*answer)->age <= kFailingAbove) return {};
  const auto& [age, holder] = **answer;
  return fmt::format(
      "events committed in the last {:.0f} s reach no consumer: an open transaction of {} holds them back; end it",
      seconds(age), holder.empty() ? "an unknown session" : holder);
}

}  // namespace

void watch_horizon(AskHorizon ask, const obs::Services& services) {
  services.health.report("outbox horizon", [ask] { return why_failing(ask()); });
  services.metrics.gauge("vf_outbox_horizon_seconds",
                         "How long the oldest committed event has waited for a transaction that is still open.", {},
                         [ask = std::move(ask)] {
                           const auto answer = ask();
                           if (!answer) return std::numeric_limits<double>::quiet_NaN();
                           return *answer ? seconds((*answer)->age) : 0.0;
                         });
}

}  // namespace vf::watch
