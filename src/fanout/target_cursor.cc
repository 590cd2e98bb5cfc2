#include "fanout/target_cursor.h"

#include <fmt/format.h>

#include <utility>

namespace vf::fanout {

store::StartConsumer start_consumer(const Target& target) {
  using At = store::StartConsumer::At;
  return {.consumer = target.name, .at = target.start == Start::now ? At::now : At::earliest};
}

TargetCursor::TargetCursor(Params params)
    : params_(std::move(params)), config_version_(config_version(params_.target)) {}

void TargetCursor::create() {
  if (phase_ != Phase::missing) return;
  phase_ = Phase::writing;
  params_.writes.write(start_consumer(params_.target), [this] { phase_ = Phase::unread; });
}

bool TargetCursor::load(std::optional<Position> stored, Position purged) {
  VF_INVARIANT(phase_ == Phase::unread);
  if (!stored) {
    phase_ = Phase::missing;
    return false;
  }
  position_ = *stored;
  if (position_ < purged) {
    skip_gap(purged);
    return false;
  }
  phase_ = Phase::known;
  params_.on_jump(position_);
  return true;
}

// Moves the cursor over rows that retention has removed. Retention waits only for the cursors of configured targets, so
// this happens after a target was not configured for a long time. The audit log gets the move with its reason.
void TargetCursor::skip_gap(Position purged) {
  gap_alarm_ = fmt::format(
      "{} unknown events missed: retention removed them before this target read them, while it was not configured; "
      "the raw log, if there is one, holds them; 'vf targets resume {}' ends this alarm",
      purged.seq - position_.seq, params_.target.name);
  phase_ = Phase::writing;
  params_.writes.write(store::MoveCursor{.consumer = params_.target.name, .to = purged, .reason = gap_alarm_},
                       [this] { phase_ = Phase::unread; });
}

void TargetCursor::step() {
  if (is_unknown_ && params_.store.may_call()) find();
  if (is_jumping() && !moving_ && !is_unknown_ && params_.store.may_call()) write_jump();
}

void TargetCursor::find() {
  const auto stored = params_.outbox.cursor(params_.target.name);
  if (!stored) return params_.store.failed(stored.error());
  is_unknown_ = false;
  if (*stored) {
    set_position(**stored);
  } else {
    phase_ = Phase::missing;
  }
}

void TargetCursor::advance() {
  if (moving_ || !is_certain() || !params_.store.may_call()) return;
  const auto step = params_.batches.completed();
  if (!step) return;
  VF_INVARIANT(step->from == position_);
  VF_INVARIANT(step->to > step->from);
  moving_ = true;
  const bool was_sent = step->sent_at != Instant{};
  store::AdvanceCursor move{.consumer = params_.target.name,
                            .from = step->from,
                            .to = step->to,
                            .count = step->count,
                            .attempts = step->attempts,
                            .sent_at = was_sent ? step->sent_at : params_.clock.now(),
                            .config_version = config_version_,
                            .skip_reason = step->skip_reason};
  params_.writer.write(std::move(move), [this, to = step->to](Result<store::WriteResult> result) {
    moving_ = false;
    if (result) return set_position(to);
    params_.store.failed(result.error());
    is_unknown_ = true;  // the move may have been committed, or another process has moved the cursor
  });
}

void TargetCursor::set_position(Position position) {
  position_ = position;
  if (!params_.batches.advance_to(position)) params_.on_jump(position);
}

void TargetCursor::write_jump() {
  const auto end = params_.outbox.end();
  if (!end) return params_.store.failed(end.error());
  moving_ = true;
  params_.writes.write(store::MoveCursor{.consumer = params_.target.name, .to = *end, .reason = *jump_reason_}, [this] {
    jump_reason_.reset();  // not before: a resume in between would send what the move leaves behind
    moving_ = false;
    is_unknown_ = true;
  });
}

}  // namespace vf::fanout
