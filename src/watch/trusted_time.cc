#include "watch/trusted_time.h"

#include <utility>

namespace vf::watch {
namespace {

constexpr Millis kAnswerAtMost{10'000};  // a slower answer says too little about the time at which it arrives

}  // namespace

TrustedTime::TrustedTime(AskTime ask, const Clock& ours, ClockGuard guard)
    : ask_(std::move(ask)), ours_(ours), guard_(std::move(guard)) {}

// Returns whether work that cannot be undone may follow the reading.
Result<bool> TrustedTime::read(Instant& wall) {
  const SteadyTime asked = ours_.steady();
  VF_ASSIGN(wall, ask_());
  const SteadyTime answered = ours_.steady();
  if (answered - asked > kAnswerAtMost) return false;
  const std::lock_guard lock(mutex_);
  return guard_.may_act({.wall = wall, .steady = answered});
}

Result<std::optional<Instant>> TrustedTime::now() {
  Instant wall;
  VF_ASSIGN(const bool may_act, read(wall));
  if (may_act) return std::optional(wall);
  const std::lock_guard lock(mutex_);
  ++held_back_;
  return std::optional<Instant>();
}

Result<TrustedTime::Reading> TrustedTime::reading() {
  const SteadyTime asked = ours_.steady();
  Instant wall;
  VF_TRY(read(wall));
  if (ours_.steady() - asked > kAnswerAtMost) return unavailable("the clock took too long to answer");
  return Reading{.wall = wall, .in_doubt = !state().doubt.empty()};
}

TrustedTime::State TrustedTime::check() {
  Instant wall;
  // The answer is in state(); a store that does not answer fails another health check.
  (void)read(wall);
  return state();
}

TrustedTime::State TrustedTime::state() const {
  const std::lock_guard lock(mutex_);
  return {.is_holding_back = guard_.is_holding_back(),
          .doubt = guard_.doubt(),
          .jumps = guard_.jumps(),
          .held_back = held_back_};
}

TrustedClocks::TrustedClocks(const obs::Services& services) : services_(services) {
  services_.health.report("clock", [this] { return finding(); });
}

TrustedTime& TrustedClocks::machine(std::optional<ClockGuard::Kept> kept) {
  return add("machine", [&clock = services_.clock]() -> Result<Instant> { return clock.now(); }, kept);
}

TrustedTime& TrustedClocks::server(const std::string& name, AskTime ask, std::optional<ClockGuard::Kept> kept) {
  return add(name, std::move(ask), kept);
}

TrustedTime& TrustedClocks::add(const std::string& name, AskTime ask, std::optional<ClockGuard::Kept> kept) {
  const std::lock_guard lock(mutex_);
  auto& clock = clocks_[name];
  if (clock) return *clock;
  clock = std::make_unique<TrustedTime>(std::move(ask), services_.clock, ClockGuard(kept));
  const obs::Labels labels{{"clock", name}};
  services_.metrics.counter_from("vf_clock_jumps_total", "How often a clock moved differently from the steady clock.",
                                 labels, [&time = *clock] { return static_cast<double>(time.state().jumps); });
  services_.metrics.counter_from(
      "vf_clock_held_back_total",
      "How often retention, purge or detachment was held back, because a clock has not agreed with the steady clock "
      "for an hour.",
      labels, [&time = *clock] { return static_cast<double>(time.state().held_back); });
  return *clock;
}

obs::Health::Finding TrustedClocks::finding() const {
  const std::lock_guard lock(mutex_);
  std::string doubts;
  bool is_holding_back = false;
  for (const auto& [name, clock] : clocks_) {
    const auto state = clock->check();
    is_holding_back = is_holding_back || state.is_holding_back;
    if (!state.doubt.empty()) doubts += (doubts.empty() ? "" : "; ") + (name + " clock: " + state.doubt);
  }
  if (!doubts.empty() || !is_holding_back) return {std::move(doubts)};
  return obs::Health::Finding::healthy_with_note(
      "nothing is removed and no target is detached in the first hour after the start");
}

}  // namespace vf::watch
