#include "fanout/waiting_events.h"

#include <algorithm>
#include <utility>

#include "event/envelope.h"
#include "outbox/waiting_rows.h"

namespace vf::fanout {
namespace {

using RowState = store::PutDelivery::State;

constexpr size_t kRevivedMax = 64;  // rows read at once
constexpr Millis kPollEvery{1'000};

}  // namespace

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
  if (const auto polled = poll_revived(); !polled) params_.store.failed(polled.error());
  return true;
}

Result<void> WaitingEvents::load_rows() {
  const auto& ports = params_.ports;
  VF_ASSIGN(const auto waiting, ports.outbox.deliveries(params_.target.name, RowState::retry, outbox::kWaitingRowsMax));
  VF_ASSIGN(const auto after, ports.outbox.deliveries_after(params_.target.name, cursor_, outbox::kWaitingRowsMax));
  outbox::restore(params_.rule.lane(), waiting, {.wall = ports.clock.now(), .steady = ports.clock.steady()});
  for (const auto& row : after) known_.insert(row.event_id);
  return {};
}

Result<void> WaitingEvents::poll_revived() {
  const SteadyTime now = params_.ports.clock.steady();
  if (!revived_.empty() || now < next_poll_) return {};
  VF_ASSIGN(auto rows, params_.ports.outbox.revived(params_.target.name, kRevivedMax));
  next_poll_ = now + kPollEvery;
  for (auto& row : rows) {
    if (!params_.rule.lane().has(row.event_id) && taken_.insert(row.event_id).second) {
      revived_.push_back(std::move(row));
    }
  }
  return {};
}

WaitingEvents::Attempt WaitingEvents::next_alone(Uuid event_id) {
  if (!params_.store.may_call()) return {};
  const auto row = read_row(event_id);
  if (!row) return failed(row.error());
  const bool waits = *row ? (*row)->state == RowState::retry : !params_.rule.lane().find(event_id)->is_recorded;
  if (!waits) {
    forget(event_id);
    return {.state = Attempt::State::gone};
  }
  if (const auto held = held_.find(event_id); held != held_.end()) {
    return {.state = Attempt::State::ready, .body = params_.batches.body(held->second)};
  }
  auto body = stored_body(event_id);
  if (!body) return failed(body.error());
  if (*body) return {.state = Attempt::State::ready, .body = std::move(**body)};
  lost(**row);
  return {.state = Attempt::State::gone};
}

WaitingEvents::Attempt WaitingEvents::next_revived() {
  const Uuid id = revived_.front().event_id;
  const auto stored = read_row(id);
  if (!stored) return failed(stored.error());
  auto body = stored_body(id);
  if (!body) return failed(body.error());
  auto row = std::move(revived_.front());
  revived_.pop_front();
  if (!*stored || (*stored)->state != RowState::retry) {
    taken_.erase(id);
    return {.state = Attempt::State::gone};
  }
  if (*body) return {.state = Attempt::State::ready, .body = std::move(**body), .row = std::move(row)};
  lost(row);
  return {.state = Attempt::State::gone};
}

WaitingEvents::Attempt WaitingEvents::failed(const Error& error) {
  params_.store.failed(error);
  return {};
}

Result<std::optional<std::string>> WaitingEvents::stored_body(Uuid event_id) const {
  VF_ASSIGN(const auto found, params_.ports.outbox.find(event_id));
  if (!found) return std::optional<std::string>{};
  const bool is_batch = params_.target.delivery == Delivery::batch;
  std::string body = is_batch ? "[" : "";
  append_envelope(body, found->event);
  if (is_batch) body += ']';
  return std::optional(std::move(body));
}

void WaitingEvents::failed_alone(PartRef ref, const retry::Outcome& outcome, const retry::Reason& reason) {
  const Item& item = params_.batches.items(ref).front();
  held_.emplace(item.id, ref);
  const auto& clock = params_.ports.clock;
  apply(params_.rule.failed_alone(item.id, {.position = item.position, .reason = reason}, outcome,
                                  {.wall = clock.now(), .steady = clock.steady()}));
}

void WaitingEvents::failed_alone(const store::PutDelivery& row, const retry::Outcome& outcome,
                                 const retry::Reason& reason) {
  const auto& clock = params_.ports.clock;
  apply(params_.rule.failed_alone(row.event_id, {.position = row.position, .reason = reason, .is_recorded = true},
                                  outcome, {.wall = clock.now(), .steady = clock.steady()}));
}

void WaitingEvents::delivered(Uuid event_id, bool has_row) {
  complete(event_id, true);
  if (!has_row) return;
  params_.writes.write(store::DropDelivery{.target = params_.target.name, .event_id = event_id},
                       [this, event_id] { taken_.erase(event_id); });
}

// The cursor may pass a held event once its row is durable. Until then no other attempt is made, so that a delivery
// cannot remove the row before it is written.
void WaitingEvents::apply(std::vector<retry::Rule::Change> changes) {
  for (const auto& change : changes) {
    const Uuid id = change.event_id;
    if (change.is_dead) {
      ++params_.status.dead;
      if (params_.ports.on_dead) params_.ports.on_dead(id, change.entry.reason.for_log);
    } else {
      if (held_.contains(id)) ++params_.status.retried;
      params_.rule.lane().hold(id);
    }
    // A failed write of an event that has left the lane meanwhile is not repeated: its row may be gone.
    const auto wanted = [this, id, is_dead = change.is_dead] { return is_dead || params_.rule.lane().has(id); };
    params_.writes.write_while(wanted, outbox::row_of(params_.target.name, change), [this, id] {
      params_.rule.lane().release(id);
      taken_.erase(id);
      complete(id, false);
    });
  }
}

void WaitingEvents::complete(Uuid event_id, bool delivered) {
  const auto part = held_.extract(event_id);
  if (!part.empty() && params_.batches.has(part.mapped())) params_.batches.complete(part.mapped(), delivered);
}

Result<std::optional<store::PutDelivery>> WaitingEvents::read_row(Uuid event_id) const {
  VF_ASSIGN(auto rows, params_.ports.outbox.deliveries_of(event_id));
  const auto own = std::ranges::find(rows, params_.target.name, &store::PutDelivery::target);
  return own == rows.end() ? std::nullopt : std::optional(std::move(*own));
}

void WaitingEvents::forget(Uuid event_id) {
  params_.rule.lane().remove(event_id);
  taken_.erase(event_id);
  complete(event_id, false);
}

// The event becomes a dead letter without another attempt.
void WaitingEvents::lost(const store::PutDelivery& row) {
  params_.rule.lane().remove(row.event_id);
  apply({outbox::lost(row, params_.ports.clock.now())});
}

void WaitingEvents::row_changed(Uuid event_id) {
  next_poll_ = SteadyTime{0};
  const auto row = read_row(event_id);
  if (!row) return params_.store.failed(row.error());  // found before the next attempt
  if (!*row || (*row)->state != RowState::dead) return;
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
