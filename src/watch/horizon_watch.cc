#include "watch/horizon_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <utility>

#include "base/seconds.h"

namespace vf::watch {
namespace {

constexpr std::chrono::seconds kWorthTelling{60};

// That the store does not answer is told by a check of its own.
std::string trouble(const Result<std::optional<HeldBack>>& answer) {
  if (!answer || !*answer || (*answer)->age <= kWorthTelling) return {};
  const auto& [age, holder] = **answer;
  return fmt::format("events committed since {:.0f} s reach nobody: an open transaction holds them back, of {}; end it",
                     seconds(age), holder.empty() ? "somebody who cannot be named" : holder);
}

}  // namespace

void watch_horizon(AskHorizon ask, const obs::Services& services) {
  services.health.report("outbox horizon", [ask] { return trouble(ask()); });
  services.metrics.gauge("vf_outbox_horizon_seconds",
                         "How long the oldest committed event has waited for a transaction that is still open.", {},
                         [ask = std::move(ask)] {
                           const auto answer = ask();
                           if (!answer) return std::numeric_limits<double>::quiet_NaN();
                           return *answer ? seconds((*answer)->age) : 0.0;
                         });
}

}  // namespace vf::watch
