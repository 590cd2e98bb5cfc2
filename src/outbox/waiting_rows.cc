#include "outbox/waiting_rows.h"

#include <algorithm>
#include <utility>

namespace vf::outbox {
namespace {

using RowState = store::PutDelivery::State;

constexpr size_t kRevivedMax = 256;  // rows read at once
constexpr Millis kPollEvery{1'000};

}  // namespace

Result<void> WaitingRows::restore(retry::Lane& lane, retry::Time now) const {
  VF_ASSIGN(const auto rows, outbox_.deliveries(consumer_, RowState::retry, kWaitingRowsMax));
  std::set<Uuid> ids;
  for (const auto& row : rows) ids.insert(row.event_id);
  for (const Uuid id : lane.recorded_ids()) {
    if (!ids.contains(id)) lane.remove(id);
  }
  for (const auto& row : rows) {
    if (!row.first_failed_at) continue;
    lane.restore(row.event_id,
                 {.position = row.position,
                  .first_failed_at = *row.first_failed_at,
                  .counted = row.attempts,
                  .reason = {.full = row.reason, .for_log = "the last failure is in its row"},
                  .next_attempt_at = row.next_attempt_at},
                 now);
  }
  return {};
}

Result<void> WaitingRows::poll_revived(const retry::Lane& lane, SteadyTime now) {
  if (!revived_.empty() || now < next_poll_) return {};
  VF_ASSIGN(auto rows, outbox_.revived(consumer_, kRevivedMax));
  next_poll_ = now + kPollEvery;
  const bool is_full = rows.size() == kRevivedMax;
  for (auto& row : rows) {
    if (!lane.has(row.event_id) && taken_.insert(row.event_id).second) revived_.push_back(std::move(row));
  }
  if (is_full && !revived_.empty()) poll_soon();  // more are read once these are sent
  return {};
}

void WaitingRows::forget_revived() {
  revived_.clear();
  taken_.clear();
}

Result<WaitingRows::Attempt> WaitingRows::next_revived() {
  VF_ASSIGN(auto attempt, prepare(revived_.front()));
  revived_.pop_front();
  return attempt;
}

Result<WaitingRows::Attempt> WaitingRows::prepare(const store::PutDelivery& row) {
  VF_ASSIGN(const auto stored, find(row.event_id));
  VF_ASSIGN(auto found, outbox_.find(row.event_id));
  Attempt attempt{.row = row};
  if (!stored || stored->state != RowState::retry) {
    taken_.erase(row.event_id);
    if (stored) attempt.state = State::dead;
    return attempt;
  }
  attempt.state = found ? State::ready : State::lost;
  attempt.found = std::move(found);
  return attempt;
}

Result<WaitingRows::Fate> WaitingRows::fate_of(Uuid event_id, bool is_recorded) const {
  VF_ASSIGN(const auto row, find(event_id));
  if (!row) return is_recorded ? Fate::removed : Fate::waits;
  return row->state == RowState::retry ? Fate::waits : Fate::dead;
}

Result<std::optional<store::PutDelivery>> WaitingRows::find(Uuid event_id) const {
  VF_ASSIGN(auto rows, outbox_.deliveries_of(event_id));
  const auto own = std::ranges::find(rows, consumer_, &store::PutDelivery::target);
  return own == rows.end() ? std::nullopt : std::optional(std::move(*own));
}

store::PutDelivery WaitingRows::row_of(const retry::Rule::Change& change) const {
  store::PutDelivery row;
  row.target = consumer_;
  row.position = change.entry.position;
  row.event_id = change.event_id;
  row.state = change.is_dead ? RowState::dead : RowState::retry;
  row.attempts = change.entry.counted;
  row.next_attempt_at = change.entry.next_attempt_at;
  row.reason = change.entry.reason.full;
  row.first_failed_at = change.entry.first_failed_at;
  return row;
}

retry::Rule::Change lost(const store::PutDelivery& row, Instant now) {
  const std::string reason = "the outbox no longer holds the event";
  return {.event_id = row.event_id,
          .entry = {.position = row.position,
                    .first_failed_at = row.first_failed_at.value_or(now),
                    .counted = row.attempts,
                    .reason = {.full = reason, .for_log = reason},
                    .next_attempt_at = row.next_attempt_at},
          .is_dead = true};
}

}  // namespace vf::outbox
