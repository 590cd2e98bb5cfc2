#include "fanout/waiting_events.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "event/envelope.h"

namespace vf::fanout {

void WaitingEvents::begin_at(Position cursor) {
  cursor_ = cursor;
  is_loaded_ = false;
  held_.clear();
  known_.clear();
  params_.rule.lane().remove_held();
}

bool WaitingEvents::load() {
  if (!params_.store.may_call()) return is_loaded_;
  if (!is_loaded_) {
    if (params_.writes.pending() > 0) return false;  // a row on its way to the store would not be found
    if (const auto loaded = load_rows(); !loaded) {
      params_.store.failed(loaded.error());
      return false;
    }
    is_loaded_ = true;
  }
  if (const auto polled = rows_.poll_revived(params_.rule.lane(), params_.ports.clock.steady()); !polled) {
    params_.store.failed(polled.error());
  }
  return true;
}

Result<void> WaitingEvents::load_rows() {
  auto& outbox = params_.ports.outbox;
  VF_ASSIGN(const auto after, outbox.deliveries_after(params_.target.name, cursor_, outbox::kWaitingRowsMax));
  VF_TRY(rows_.restore(params_.rule.lane(), time()));
  for (const auto& row : after) known_.insert(row.event_id);
  return {};
}

WaitingEvents::Attempt WaitingEvents::next_alone(Uuid event_id) {
  if (!params_.store.may_call()) return {};
  const retry::Lane::Entry entry = *params_.rule.lane().find(event_id);
  using Fate = outbox::WaitingRows::Fate;
  const auto fate = rows_.fate_of(event_id, entry.is_recorded);
  if (!fate) return failed(fate.error());
  if (*fate != Fate::waits) {
    if (*fate == Fate::dead) count_dead(event_id, outbox::kEndedByOthers);
    forget(event_id);
    return {.state = Attempt::State::gone};
  }
  if (const auto held = held_.find(event_id); held != held_.end()) {
    return {.state = Attempt::State::ready, .body = params_.batches.body(held->second)};
  }
  const auto found = params_.ports.outbox.find(event_id);
  if (!found) return failed(found.error());
  const auto row = rows_.row_of({.event_id = event_id, .entry = entry});
  if (!*found) {
    lost(row);
    return {.state = Attempt::State::gone};
  }
  std::string body;
  append_envelope(body, (*found)->event);
  return {.state = Attempt::State::ready, .body = is_batch() ? '[' + body + ']' : body};
}

WaitingEvents::Revived WaitingEvents::next_revived(size_t events_max, size_t bytes_max) {
  using State = outbox::WaitingRows::State;
  Revived request{.has_failed = !cut_up_.empty()};
  const size_t most = is_batch() && !request.has_failed ? events_max : 1;
  std::string body;
  while (request.rows.size() < most && body.size() < bytes_max && any_revived()) {
    auto next = take_revived();
    if (!next) {
      params_.store.failed(next.error());
      break;
    }
    if (next->state == State::lost) lost(next->row);
    if (next->state == State::dead) count_dead(next->row.event_id, outbox::kEndedByOthers);
    if (next->state != State::ready) continue;
    if (!body.empty()) body += ',';
    append_envelope(body, next->found->event);
    request.rows.push_back(std::move(next->row));
  }
  request.body = is_batch() ? '[' + body + ']' : body;
  return request;
}

Result<outbox::WaitingRows::Attempt> WaitingEvents::take_revived() {
  if (cut_up_.empty()) return rows_.next_revived();
  VF_ASSIGN(auto attempt, rows_.prepare(cut_up_.front()));
  cut_up_.pop_front();
  return attempt;
}

void WaitingEvents::cut_up(std::vector<store::PutDelivery> rows) {
  std::ranges::move(rows, std::back_inserter(cut_up_));
}

WaitingEvents::Attempt WaitingEvents::failed(const Error& error) {
  params_.store.failed(error);
  return {};
}

// The event becomes a dead letter without another attempt.
void WaitingEvents::lost(const store::PutDelivery& row) {
  params_.rule.lane().remove(row.event_id);
  apply({outbox::lost(row, params_.ports.clock.now())});
}

void WaitingEvents::failed_alone(PartRef ref, const retry::Outcome& outcome, const retry::Reason& reason) {
  const Item& item = params_.batches.items(ref).front();
  held_.emplace(item.id, ref);
  apply(params_.rule.failed_alone(item.id, {.position = item.position, .reason = reason}, outcome, time()));
}

void WaitingEvents::failed_alone(const store::PutDelivery& row, const retry::Outcome& outcome,
                                 const retry::Reason& reason) {
  apply(params_.rule.failed_alone(row.event_id, {.position = row.position, .reason = reason, .is_recorded = true},
                                  outcome, time()));
}

void WaitingEvents::delivered(Uuid event_id, bool has_row) {
  complete(event_id, true);
  if (!has_row) return;
  params_.writes.write(store::DropDelivery{.target = params_.target.name, .event_id = event_id},
                       [this, event_id] { rows_.finished(event_id); });
}

// The cursor may pass a held event once its row is durable. Until then no other attempt is made, so that a delivery
// cannot remove the row before it is written.
void WaitingEvents::apply(std::vector<retry::Rule::Change> changes) {
  for (const auto& change : changes) {
    const Uuid id = change.event_id;
    if (change.is_dead) {
      count_dead(id, change.entry.reason.for_log);
    } else {
      if (held_.contains(id)) ++params_.status.retried;
      params_.rule.lane().hold(id);
    }
    // A failed write of an event that has left the lane meanwhile is not repeated: its row may be gone.
    const auto wanted = [this, id, is_dead = change.is_dead] { return is_dead || params_.rule.lane().has(id); };
    params_.writes.write_while(wanted, rows_.row_of(change), [this, id] {
      params_.rule.lane().release(id);
      rows_.finished(id);
      complete(id, false);
    });
  }
}

void WaitingEvents::count_dead(Uuid event_id, const std::string& reason) {
  ++params_.status.dead;
  if (params_.ports.on_dead) params_.ports.on_dead(event_id, reason);
}

void WaitingEvents::complete(Uuid event_id, bool delivered) {
  const auto part = held_.extract(event_id);
  if (!part.empty() && params_.batches.has(part.mapped())) params_.batches.complete(part.mapped(), delivered);
}

void WaitingEvents::forget(Uuid event_id) {
  params_.rule.lane().remove(event_id);
  rows_.finished(event_id);
  complete(event_id, false);
}

void WaitingEvents::row_changed(Uuid event_id) {
  rows_.poll_soon();
  const auto row = rows_.find(event_id);
  if (!row) return params_.store.failed(row.error());  // found before the next attempt
  if (!*row || (*row)->state != store::PutDelivery::State::dead) return;
  count_dead(event_id, outbox::kEndedByOthers);
  if (params_.rule.lane().has(event_id)) return forget(event_id);
  if ((*row)->position > params_.batches.read_to()) {
    known_.insert(event_id);
  } else {
    params_.batches.take_out(event_id);
  }
}

void WaitingEvents::skip_held(store::SkipReason skip_reason) {
  for (const Uuid id : params_.rule.lane().held()) {
    params_.rule.lane().remove(id);
    const auto part = held_.extract(id);
    if (!part.empty() && params_.batches.has(part.mapped())) params_.batches.skip(part.mapped(), skip_reason);
  }
}

}  // namespace vf::fanout
