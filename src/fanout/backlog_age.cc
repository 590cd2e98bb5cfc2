#include "fanout/backlog_age.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/seconds.h"

namespace vf::fanout {
namespace {

constexpr Millis kNoteEvery = std::chrono::hours{1};

std::string setting_key(const Target& target) { return "target." + target.name + ".paused_until"; }

// How often the store is given the time until which a target is paused: often enough for a short max_backlog.
Millis note_every(const Target& target) { return std::min(kNoteEvery, target.max_backlog / 100); }

std::string span(Millis length) {
  constexpr Millis kDay = std::chrono::days{1};
  return length < kDay ? fmt::format("{:.1f} h", seconds(length) / 3600)
                       : fmt::format("{:.1f} days", seconds(length) / seconds(kDay));
}

}  // namespace

void BacklogAge::load(const std::vector<store::PutSetting>& settings) {
  const auto found = std::ranges::find(settings, setting_key(params_.target), &store::PutSetting::key);
  paused_until_ = found == settings.end() ? std::nullopt : parse_time(found->value);
}

Result<std::string> BacklogAge::check(Mode mode, std::optional<Instant> oldest) {
  alarm_.clear();
  const bool is_paused = mode == Mode::paused;
  if (is_paused) paused_until_here_ = params_.ports.clock.steady();
  if (!oldest) return std::string{};
  VF_ASSIGN(const auto now, params_.ports.outbox.time(params_.ports.clock.now()));
  const Millis most = params_.target.max_backlog;
  const Millis old = is_paused ? now - *oldest : age(*oldest, now);
  if (old < most / 5 * 4) return std::string{};
  alarm_ = fmt::format("the backlog reaches back {}, to {}; max_backlog is {}: {}", span(now - *oldest),
                       to_rfc3339(*oldest), span(most),
                       is_paused ? "a paused target is not detached, and the outbox keeps what it has not read"
                                 : "a target further behind is detached");
  if (is_paused) {
    VF_TRY(note_pause(*oldest));
    return std::string{};
  }
  return old > most ? detachment(*oldest) : std::string{};
}

// Returns for how long the oldest event has waited while the target was not paused, or longer if that is not known. The
// steady clock bounds it: what was paused in this process is known whatever the wall clock shows.
Millis BacklogAge::age(Instant oldest, Instant now) const {
  Millis age = now - std::max(oldest, paused_until_.value_or(oldest));
  if (paused_until_here_) {
    age = std::min(age, std::chrono::floor<Millis>(params_.ports.clock.steady() - *paused_until_here_));
  }
  return age;
}

Result<void> BacklogAge::note_pause(Instant oldest) {
  VF_ASSIGN(const auto now, params_.ports.trusted_now());
  if (!now || *now < oldest) return {};
  if (paused_until_ && *now - *paused_until_ < note_every(params_.target)) return {};
  paused_until_ = *now;
  params_.writes.write(store::PutSetting{.key = setting_key(params_.target), .value = to_rfc3339(*now)}, [] {});
  return {};
}

Result<std::string> BacklogAge::detachment(Instant oldest) {
  VF_ASSIGN(const auto now, params_.ports.trusted_now());
  if (!now) {
    alarm_ += ", once the clock is no longer in doubt (/readyz, check \"clock\")";
    return std::string{};
  }
  if (age(oldest, *now) <= params_.target.max_backlog) return std::string{};
  return fmt::format(
      "detached: the backlog reached back to {}, further than max_backlog allows; events committed since then, and "
      "until 'vf targets resume {}', are not delivered; the raw log, if there is one, holds them",
      to_rfc3339(oldest), params_.target.name);
}

}  // namespace vf::fanout
