// Where a target's cursor stands: found at the start, watched, moved over what is settled, taken over gaps, and taken
// to the present by detachment.
#include <fmt/format.h>

#include <algorithm>

#include "fanout/dispatcher.h"

namespace vf::fanout {
namespace {

constexpr Millis kAgeCheckEvery{10'000};
constexpr Millis kWatchEvery{1'000};

// Empty: what is configured.
std::string setting_of(const Target& target, const std::vector<store::PutSetting>& settings) {
  const auto found = std::ranges::find(settings, mode_setting(target.name), &store::PutSetting::key);
  return found == settings.end() ? std::string{} : found->value;
}

}  // namespace

store::StartConsumer start_of(const Target& target) {
  using At = store::StartConsumer::At;
  return {target.name, target.start == Start::now ? At::now : At::earliest};
}

Mode ordered_mode(const std::vector<store::PutSetting>& settings, const Target& target) {
  return parse_mode(setting_of(target, settings)).value_or(target.mode);
}

void Dispatcher::load() {
  const auto cursor = ports_.outbox.cursor(target_.name);
  if (!cursor) return store_failed(cursor.error());
  const auto purged = ports_.outbox.purged();
  if (!purged) return store_failed(purged.error());
  const auto settings = ports_.outbox.settings();
  if (!settings) return store_failed(settings.error());
  if (!*cursor) {
    phase_ = Phase::fresh;
    return;
  }
  cursor_ = **cursor;
  if (cursor_ < *purged) return pass_gap(*purged);
  setting_ = setting_of(target_, *settings);
  mode_ = mode_of(setting_);
  begin_at(cursor_);
  phase_ = Phase::running;
}

// Retention waits only for targets that are configured: one that was away from the configuration for longer may find
// that rows behind its cursor are gone. The move is written to the audit log with its reason.
void Dispatcher::pass_gap(Position purged) {
  gap_ = fmt::format(
      "{} unknown events missed: retention removed them before this target read them, while it was not configured; "
      "the raw log, if there is one, holds them; 'vf targets resume {}' ends this alarm",
      purged.seq - cursor_.seq, target_.name);
  phase_ = Phase::starting;
  writes_.write(store::MoveCursor{target_.name, purged, gap_}, [this] { phase_ = Phase::loading; });
}

// An operator may have asked another process on the same store, or moved the cursor; one that was failed over to a
// standby that lagged has lost the cursor's last moves, and gives their positions to other events.
void Dispatcher::watch_store() {
  const SteadyTime now = ports_.clock.steady();
  const bool settled = orders_ == 0 && !detaching_ && writes_.pending() == 0;  // what is on its way there is newer
  if (now < next_watch_ || !settled || !store_answers()) return;
  next_watch_ = now + kWatchEvery;
  const auto settings = ports_.outbox.settings();
  if (!settings) return store_failed(settings.error());
  if (is_idle()) find_cursor();
  auto setting = setting_of(target_, *settings);
  if (setting == setting_) return;
  setting_ = std::move(setting);
  mode_ = mode_of(setting_);
  refusals_ = 0;
  gap_.clear();
}

void Dispatcher::advance() {
  if (advancing_ || cursor_unknown_ || detaching_ || !store_answers()) return;
  const auto step = batches_.finished();
  if (!step) return;
  advancing_ = true;
  store::AdvanceCursor move{target_.name,   step->from,    step->to,        step->count,
                            step->attempts, step->sent_at, config_version_, step->skip_reason};
  if (move.sent_at == Instant{}) move.sent_at = ports_.clock.now();  // nothing was sent
  ports_.writer.write(std::move(move), [this, to = step->to](Result<store::WriteResult> result) {
    advancing_ = false;
    if (result) return cursor_stands_at(to);
    store_failed(result.error());
    cursor_unknown_ = true;  // it may have been committed, or somebody else has moved it
  });
}

void Dispatcher::find_cursor() {
  const auto cursor = ports_.outbox.cursor(target_.name);
  if (!cursor) return store_failed(cursor.error());
  cursor_unknown_ = false;
  if (*cursor) {
    cursor_stands_at(**cursor);
  } else {
    phase_ = Phase::fresh;
  }
}

void Dispatcher::cursor_stands_at(Position cursor) {
  cursor_ = cursor;
  if (!batches_.pass(cursor)) begin_at(cursor);
}

// Detaches when the oldest event not dealt with is older than the target may lag.
void Dispatcher::check_age() {
  const SteadyTime now = ports_.clock.steady();
  if (now < next_age_check_ || is_mute() || orders_ > 0 || stopping_ || !store_answers()) return;
  next_age_check_ = now + kAgeCheckEvery;
  auto oldest = batches_.oldest();
  if (!oldest) {
    const auto rows = ports_.outbox.read_after({cursor_, 1, 1});
    if (!rows) return store_failed(rows.error());
    if (!rows->empty()) oldest = rows->front().event.received;
    oldest_unread_ = oldest;
  }
  if (!oldest) return;
  const auto now_there = ports_.outbox.time(ports_.clock.now());
  if (!now_there) return store_failed(now_there.error());
  if (*now_there - *oldest <= target_.max_backlog) return;
  mode_ = Mode::detached;
  detaching_ = true;
  detach_reason_ = fmt::format(
      "detached: its backlog reached back to {}, further than max_backlog allows; what was committed since then, and "
      "until 'vf targets resume {}', is not delivered; the raw log, if there is one, holds it",
      to_rfc3339(*oldest), target_.name);
  put_detached();
}

void Dispatcher::move_to_present() {
  const auto end = ports_.outbox.end();
  if (!end) return store_failed(end.error());
  advancing_ = true;
  writes_.write(store::MoveCursor{target_.name, *end, detach_reason_}, [this] {
    detaching_ = false;  // not before: resumed meanwhile, it would send what the move leaves behind
    advancing_ = false;
    cursor_unknown_ = true;
  });
}

}  // namespace vf::fanout
