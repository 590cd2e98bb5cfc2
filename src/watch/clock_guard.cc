#include "watch/clock_guard.h"

#include <fmt/format.h>

#include <chrono>

#include "base/result.h"
#include "base/seconds.h"

namespace vf::watch {
namespace {

constexpr std::string_view kConsequence =
    "nothing is removed and no target is detached until it has agreed with the steady clock for an hour; if it is "
    "wrong, set it before that (chronyc tracking, timedatectl)";

std::string span(Millis by) {
  constexpr Millis kDay = std::chrono::days{1};
  const Millis length = std::chrono::abs(by);
  return length < kDay ? fmt::format("{:.0f} s", seconds(length))
                       : fmt::format("{:.1f} days", seconds(length) / seconds(kDay));
}

}  // namespace

bool ClockGuard::may_act(Reading reading) {
  if (!since_) {
    begin(reading);
    return false;
  }
  const SteadyTime passed = reading.steady - since_->steady;
  const Millis by = (reading.wall - since_->wall) - std::chrono::floor<Millis>(passed);
  if (std::chrono::abs(by) > limits_.jump) {
    jumped(reading, by);
  } else if (passed >= limits_.agreement) {
    since_ = reading;
    is_holding_back_ = false;
    doubt_.clear();
  }
  VF_INVARIANT(is_holding_back_ || doubt_.empty());
  return !is_holding_back_;
}

std::string ClockGuard::doubt() const { return doubt_; }

void ClockGuard::begin(Reading first) {
  VF_INVARIANT(is_holding_back_);
  since_ = first;
  if (!kept_) return;
  const Millis age = first.wall - kept_->newest;
  if (age >= -limits_.jump && age <= kept_->span) return;
  doubt_ = fmt::format("it shows {}, {} {} the receipt of the newest event kept ({}): {}", to_rfc3339(first.wall),
                       span(age), age < Millis{0} ? "before" : "after", to_rfc3339(kept_->newest), kConsequence);
}

// Threads may hand in their readings in another order than they took them; agreement counts from the newest one.
void ClockGuard::jumped(Reading reading, Millis by) {
  ++jumps_;
  is_holding_back_ = true;
  if (reading.steady >= since_->steady) since_ = reading;
  doubt_ = fmt::format("it moved {} {} against the steady clock and showed {}: {}", span(by),
                       by < Millis{0} ? "back" : "ahead", to_rfc3339(reading.wall), kConsequence);
  VF_INVARIANT(!doubt_.empty());
}

}  // namespace vf::watch
