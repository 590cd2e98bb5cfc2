#include "watch/clock_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/seconds.h"

namespace vf::watch {
namespace {

constexpr Millis kWarningAbove{5'000};
constexpr Millis kProblemAbove{300'000};

/// Returns how far our clock is ahead of the server's; negative: behind. A server's time between our two readings
/// counts as no difference.
Millis ahead_of(Instant there, Instant before, Instant after) {
  if (there < before) return before - there;
  return there > after ? after - there : Millis{0};
}

}  // namespace

Result<ClockDifference> compare_clocks(const Clock& ours, const AskTime& ask) {
  using enum ClockDifference::Grade;
  const Instant before = ours.now();
  VF_ASSIGN(const auto there, ask());
  const Millis ahead = ahead_of(there, before, ours.now());
  const Millis apart = std::chrono::abs(ahead);
  auto seen = fmt::format("this machine's clock is {:.3f} s {} the PostgreSQL server's", seconds(apart),
                          ahead < Millis{0} ? "behind" : "ahead of");
  if (apart <= kWarningAbove) return ClockDifference{ok, std::move(seen)};
  const auto harm = apart <= kProblemAbove ? "" : "; signatures may be 5 minutes off at most, so they are refused";
  return ClockDifference{
      apart <= kProblemAbove ? warning : problem,
      fmt::format("{}{}: let NTP set both (chronyc tracking shows which is wrong, chronyc makestep sets it)", seen,
                  harm)};
}

void watch_clock(std::string name, AskTime ask, const obs::Services& services) {
  services.health.report(std::move(name), [ask = std::move(ask), &clock = services.clock]() -> std::string {
    // A store that does not answer fails another health check.
    auto difference = compare_clocks(clock, ask);
    if (!difference || difference->grade == ClockDifference::Grade::ok) return {};
    return std::move(difference->detail);
  });
}

}  // namespace vf::watch
