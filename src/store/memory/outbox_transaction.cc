#include "store/memory/outbox_transaction.h"

#include <algorithm>

namespace vf::store::memory {
namespace {

constexpr Uuid kLastUuid = [] {
  Uuid last;
  last.bytes.fill(0xff);
  return last;
}();

}  // namespace

Result<WriteResult> OutboxTransaction::apply(const Write& write) {
  return std::visit([this](const auto& w) { return put(w); }, write);
}

void OutboxTransaction::roll_back() {
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) (*undo)();
}

Result<WriteResult> OutboxTransaction::put(const AddEvent& add) {
  const Uuid id = add.event.id;
  if (const auto seen = state_.ledger.find(id); seen != state_.ledger.end()) {
    return EventAdded{.duplicate = true, .event_id = id, .received = seen->second.received};
  }
  VF_TRY(check_body_key(add));
  if (add.body_key) {
    const std::pair key{add.event.source, *add.body_key};
    if (const auto seen = state_.body_keys.find(key); seen != state_.body_keys.end()) {
      const Instant received = state_.ledger.at(seen->second).received;
      if (received > now_ - add.replay_guard && received < now_ + add.replay_guard) {
        return EventAdded{.duplicate = true, .event_id = seen->second, .received = received};
      }
    }
    assign(state_.body_keys, key, id);
  }
  OutboxRow row{add.event, add.fan_out};
  row.event.received = now_;
  row.event.position = {0, 0, ++state_.last_seq};
  const Position position = row.event.position;
  undo_.push_back([this, before = state_.newest] { state_.newest = before; });
  state_.newest = position;
  assign(state_.ledger, id, OutboxState::LedgerRow{now_, add.body_key});
  assign(state_.positions, id, position);
  assign(state_.rows, position, std::move(row));
  return EventAdded{.event_id = id, .position = position, .received = now_};
}

Result<void> OutboxTransaction::check_lease(const std::string& name, int64_t epoch) {
  if (epoch == 0) return {};
  const auto lease = state_.leases.find(name);
  if (lease == state_.leases.end() || lease->second.epoch != epoch)
    return conflict(name + " is leased to another process");
  return {};
}

Result<WriteResult> OutboxTransaction::put(const TakeLease& take) {
  auto lease = state_.leases[take.name];
  if (lease.holder != take.holder) {
    const bool is_current = now_ < lease.until && lease.until <= now_ + 10 * take.span;
    if (!lease.holder.empty() && is_current)
      return LeaseTaken{.granted = false, .epoch = lease.epoch, .holder = lease.holder};
    lease.holder = take.holder;
    ++lease.epoch;
  }
  lease.until = now_ + take.span;
  assign(state_.leases, take.name, lease);
  return LeaseTaken{.granted = true, .epoch = lease.epoch, .holder = lease.holder};
}

Result<WriteResult> OutboxTransaction::put(const DropLease& drop) {
  auto lease = state_.leases[drop.name];
  if (lease.holder == drop.holder) {
    lease.holder.clear();
    assign(state_.leases, drop.name, lease);
  }
  return Written{};
}

Result<void> OutboxTransaction::check_range(const std::string& consumer, Position from, Position to) {
  const auto cursor = state_.cursors.find(consumer);
  if (cursor == state_.cursors.end() || cursor->second != from) {
    return conflict("the cursor of " + consumer + " is at another position");
  }
  if (to <= from || to.seq > state_.last_seq) return invalid("not a range of the outbox");
  return {};
}

Result<WriteResult> OutboxTransaction::put(const AdvanceCursor& move) {
  VF_TRY(check_lease(move.consumer, move.epoch));
  VF_TRY(check_range(move.consumer, move.from, move.to));
  assign(state_.cursors, move.consumer, move.to);
  assign(state_.versions, move.consumer, move.config_version);
  auto& batches = state_.batches[move.consumer];
  batches.push_back({.consumer = move.consumer,
                     .from = move.from,
                     .to = move.to,
                     .count = move.count,
                     .attempts = move.attempts,
                     .sent_at = move.sent_at,
                     .acked_at = now_,
                     .skip_reason = move.skip_reason});
  undo_.push_back([&batches] { batches.pop_back(); });
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const PinBatch& pin) {
  VF_TRY(check_lease(pin.consumer, pin.epoch));
  VF_TRY(check_range(pin.consumer, pin.from, pin.to));
  const auto held = state_.pins.find(pin.consumer);
  if (held != state_.pins.end() && held->second.from == pin.from)
    return conflict("a batch is already pinned at this position");
  assign(state_.pins, pin.consumer, pin);
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const PutDelivery& row) {
  VF_TRY(check_lease(row.target, row.epoch));
  if (row.state == PutDelivery::State::retry && is_dead(row.target, row.event_id)) return Written{};
  PutDelivery kept = row;
  kept.epoch = 0;
  assign(state_.deliveries, {row.target, row.event_id}, std::move(kept));
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const DropDelivery& drop) {
  VF_TRY(check_lease(drop.target, drop.epoch));
  assign(state_.deliveries, {drop.target, drop.event_id}, std::nullopt);
  if (deliveries_of(drop.event_id).empty()) assign(state_.kept, drop.event_id, std::nullopt);
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const RetryDeadLetters& retry) {
  DeadLettersChanged letters;
  for (const Uuid event : retry.events) {
    if (!is_dead(retry.target, event)) continue;
    PutDelivery row = state_.deliveries.at({retry.target, event});
    row.state = PutDelivery::State::retry;
    row.attempts = 0;
    row.next_attempt_at = retry.due;
    row.first_failed_at.reset();
    assign(state_.deliveries, {retry.target, event}, std::move(row));
    ++letters.changed;
  }
  return letters;
}

Result<WriteResult> OutboxTransaction::put(const DropDeadLetters& drop) {
  DeadLettersChanged letters;
  for (const Uuid event : drop.events) {
    if (!is_dead(drop.target, event)) continue;
    VF_TRY(put(DropDelivery{.target = drop.target, .event_id = event}));
    ++letters.changed;
  }
  return letters;
}

Result<WriteResult> OutboxTransaction::put(const StartConsumer& start) {
  if (state_.cursors.contains(start.consumer)) return Written{};
  const bool now = start.at == StartConsumer::At::now;
  assign(state_.versions, start.consumer, std::string());
  assign(state_.cursors, start.consumer, now ? state_.newest : state_.purged);
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const MoveCursor& move) {
  VF_TRY(check_lease(move.consumer, move.epoch));
  auto batches = state_.batches[move.consumer];
  std::erase_if(batches, [&](const BatchRow& batch) { return batch.from >= move.to; });
  assign(state_.batches, move.consumer, std::move(batches));
  const auto pin = state_.pins.find(move.consumer);
  if (pin != state_.pins.end() && pin->second.to > move.to) assign(state_.pins, move.consumer, std::nullopt);
  assign(state_.cursors, move.consumer, move.to);
  assign(state_.versions, move.consumer, std::string());
  return put(
      AddAudit{.at = now_, .actor = "hub", .action = "move cursor", .detail = move.consumer + ": " + move.reason});
}

Result<WriteResult> OutboxTransaction::put(const PutSetting& setting) {
  assign(state_.settings, setting.key, setting.value.empty() ? std::nullopt : std::optional(setting.value));
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const AddAudit& entry) {
  state_.audit.push_back({.number = ++state_.last_audit, .entry = entry});
  undo_.push_back([this] { state_.audit.pop_back(); });
  return Written{};
}

Result<WriteResult> OutboxTransaction::put(const RetentionStep& step) {
  Position held = {~0u, ~0ull, ~0ull};
  for (const auto& consumer : step.held_by) {
    const auto cursor = state_.cursors.find(consumer);
    held = std::min(held, cursor == state_.cursors.end() ? Position{} : cursor->second);
  }
  RowsRemoved rows{.removed = remove_kept(step)};
  const int64_t rows_max = rows.removed + step.rows_max;
  undo_.push_back([this, before = state_.purged] { state_.purged = before; });
  while (!state_.rows.empty() && rows.removed < rows_max) {
    const auto& [position, row] = *state_.rows.begin();
    if (position > held || row.event.received >= step.outbox_before) break;
    part_from(row, step);
    assign(state_.positions, row.event.id, std::nullopt);
    state_.purged = position;
    assign(state_.rows, Position{position}, std::nullopt);
    ++rows.removed;
  }
  std::vector<Uuid> old;
  for (const auto& [id, row] : state_.ledger) {
    if (static_cast<int64_t>(old.size()) >= step.rows_max) break;
    if (row.received < step.ledger_before && !state_.positions.contains(id)) old.push_back(id);
  }
  std::vector<std::pair<std::string, std::string>> old_keys;
  for (const auto& [key, id] : state_.body_keys) {
    if (std::ranges::find(old, id) != old.end()) old_keys.push_back(key);
  }
  for (const auto& key : old_keys) assign(state_.body_keys, key, std::nullopt);
  for (const Uuid id : old) assign(state_.ledger, id, std::nullopt);
  rows.removed += static_cast<int64_t>(old.size()) + remove_audit(step);
  return rows;
}

Result<WriteResult> OutboxTransaction::put(const RunWrite& write) {
  undo_.push_back([this, before = state_.runs] { state_.runs = before; });
  VF_ASSIGN(auto result, state_.runs.write(write, now_));
  return to_write_result(std::move(result));
}

bool OutboxTransaction::is_dead(const std::string& target, Uuid event_id) const {
  const auto row = state_.deliveries.find({target, event_id});
  return row != state_.deliveries.end() && row->second.state == PutDelivery::State::dead;
}

std::vector<PutDelivery> OutboxTransaction::deliveries_of(Uuid event_id) const {
  std::vector<PutDelivery> rows;
  for (auto at = state_.deliveries.begin(); at != state_.deliveries.end();) {
    const std::string& target = at->first.first;
    const auto row = state_.deliveries.find({target, event_id});
    if (row != state_.deliveries.end()) rows.push_back(row->second);
    at = state_.deliveries.upper_bound({target, kLastUuid});
  }
  return rows;
}

void OutboxTransaction::remove_deliveries(const Event& event) {
  for (const PutDelivery& row : deliveries_of(event.id)) {
    if (row.position <= event.position) assign(state_.deliveries, {row.target, row.event_id}, std::nullopt);
  }
}

void OutboxTransaction::part_from(const OutboxRow& row, const RetentionStep& step) {
  if (row.event.received < step.deliveries_before) return remove_deliveries(row.event);
  auto deliveries = deliveries_of(row.event.id);
  if (deliveries.empty()) return;
  assign(state_.kept, row.event.id, row);
  for (PutDelivery& delivery : deliveries) {
    if (delivery.state == PutDelivery::State::dead) continue;
    delivery.state = PutDelivery::State::dead;
    delivery.reason = reason_after_retention(delivery.attempts, delivery.reason);
    assign(state_.deliveries, {delivery.target, delivery.event_id}, delivery);
  }
}

int64_t OutboxTransaction::remove_kept(const RetentionStep& step) {
  std::vector<Event> old;
  for (const auto& [id, row] : state_.kept) {
    if (row.event.received < step.deliveries_before) old.push_back(row.event);
  }
  std::ranges::sort(old, {}, &Event::position);
  old.resize(std::min(old.size(), static_cast<size_t>(step.rows_max)));
  for (const Event& event : old) {
    remove_deliveries(event);
    assign(state_.kept, event.id, std::nullopt);
  }
  return static_cast<int64_t>(old.size());
}

int64_t OutboxTransaction::remove_audit(const RetentionStep& step) {
  auto& audit = state_.audit;
  const auto first_kept =
      std::ranges::find_if(audit, [&](const AuditRow& row) { return row.entry.at >= step.ledger_before; });
  const auto removed = std::min(static_cast<int64_t>(first_kept - audit.begin()), step.rows_max);
  if (removed == 0) return 0;
  undo_.push_back([this, before = audit] { state_.audit = before; });
  audit.erase(audit.begin(), audit.begin() + removed);
  return removed;
}

}  // namespace vf::store::memory
