#include "store/memory/outbox.h"

#include <algorithm>
#include <functional>

namespace vf::store::memory {
namespace {

bool type_matches(std::string_view pattern, std::string_view type) {
  if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == type;
}

bool passes(const EventFilter& filter, const OutboxRow& row) {
  const Event& e = row.event;
  if (filter.source && *filter.source != e.source) return false;
  if (filter.type && !type_matches(*filter.type, e.type)) return false;
  if (filter.subject && *filter.subject != e.subject) return false;
  if (filter.from && e.received < *filter.from) return false;
  if (filter.to && e.received >= *filter.to) return false;
  return !filter.before || e.position < *filter.before;
}

}  // namespace

// Applies writes one by one and records for each how to undo it.
class MemoryOutbox::Transaction {
 public:
  Transaction(State& state, Instant now) : state_(state), now_(now) {}

  Result<WriteResult> apply(const Write& write) {
    return std::visit([this](const auto& w) { return put(w); }, write);
  }
  void roll_back() {
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) (*undo)();
  }

 private:
  // Sets map[key], or removes it when `value` is nullopt; roll_back() undoes it.
  template <class Map>
  void assign(Map& map, const typename Map::key_type& key, std::optional<typename Map::mapped_type> value) {
    const auto at = map.find(key);
    std::optional<typename Map::mapped_type> before;
    if (at != map.end()) before = std::move(at->second);
    undo_.push_back([&map, key, before] {
      if (before) {
        map.insert_or_assign(key, *before);
      } else {
        map.erase(key);
      }
    });
    if (value) {
      map.insert_or_assign(key, std::move(*value));
    } else {
      map.erase(key);
    }
  }

  Result<WriteResult> put(const AddEvent& add) {
    const Uuid id = add.event.id;
    if (const auto seen = state_.ledger.find(id); seen != state_.ledger.end()) {
      return EventAdded{.duplicate = true, .event_id = id, .received = seen->second.received};
    }
    if (add.body_key) {
      const std::pair key{add.event.source, *add.body_key};
      if (const auto seen = state_.body_keys.find(key); seen != state_.body_keys.end()) {
        const Instant received = state_.ledger.at(seen->second).received;
        return EventAdded{.duplicate = true, .event_id = seen->second, .received = received};
      }
      assign(state_.body_keys, key, id);
    }
    OutboxRow row{add.event, add.fan_out};
    row.event.received = now_;
    row.event.position = {0, 0, ++state_.last_seq};
    const Position position = row.event.position;
    undo_.push_back([this, before = state_.newest] { state_.newest = before; });
    state_.newest = position;
    assign(state_.ledger, id, LedgerRow{now_, add.body_key});
    assign(state_.positions, id, position);
    assign(state_.rows, position, std::move(row));
    return EventAdded{.event_id = id, .position = position, .received = now_};
  }

  Result<void> check_lease(const std::string& name, int64_t epoch) {
    if (epoch == 0) return {};
    const auto lease = state_.leases.find(name);
    if (lease == state_.leases.end() || lease->second.epoch != epoch)
      return conflict(name + " is leased to another process");
    return {};
  }

  Result<WriteResult> put(const TakeLease& take) {
    auto lease = state_.leases[take.name];
    if (lease.holder != take.holder) {
      if (!lease.holder.empty() && now_ < lease.until)
        return LeaseTaken{.granted = false, .epoch = lease.epoch, .holder = lease.holder};
      lease.holder = take.holder;
      ++lease.epoch;
    }
    lease.until = now_ + take.span;
    assign(state_.leases, take.name, lease);
    return LeaseTaken{.granted = true, .epoch = lease.epoch, .holder = lease.holder};
  }

  Result<WriteResult> put(const DropLease& drop) {
    auto lease = state_.leases[drop.name];
    if (lease.holder == drop.holder) {
      lease.holder.clear();
      assign(state_.leases, drop.name, lease);
    }
    return Written{};
  }

  Result<void> check_range(const std::string& consumer, Position from, Position to) {
    const auto cursor = state_.cursors.find(consumer);
    if (cursor == state_.cursors.end() || cursor->second != from) {
      return conflict("the cursor of " + consumer + " is at another position");
    }
    if (to <= from || to.seq > state_.last_seq) return invalid("not a range of the outbox");
    return {};
  }

  Result<WriteResult> put(const AdvanceCursor& move) {
    VF_TRY(check_lease(move.consumer, move.epoch));
    VF_TRY(check_range(move.consumer, move.from, move.to));
    assign(state_.cursors, move.consumer, move.to);
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

  Result<WriteResult> put(const PinBatch& pin) {
    VF_TRY(check_lease(pin.consumer, pin.epoch));
    VF_TRY(check_range(pin.consumer, pin.from, pin.to));
    const auto held = state_.pins.find(pin.consumer);
    if (held != state_.pins.end() && held->second.from == pin.from)
      return conflict("a batch is already pinned at this position");
    assign(state_.pins, pin.consumer, pin);
    return Written{};
  }

  Result<WriteResult> put(const PutDelivery& row) {
    VF_TRY(check_lease(row.target, row.epoch));
    assign(state_.deliveries, {row.target, row.event_id}, row);
    return Written{};
  }

  Result<WriteResult> put(const DropDelivery& drop) {
    VF_TRY(check_lease(drop.target, drop.epoch));
    assign(state_.deliveries, {drop.target, drop.event_id}, std::nullopt);
    return Written{};
  }

  Result<WriteResult> put(const StartConsumer& start) {
    if (state_.cursors.contains(start.consumer)) return Written{};
    const bool now = start.at == StartConsumer::At::now;
    assign(state_.cursors, start.consumer, now ? state_.newest : state_.purged);
    return Written{};
  }

  Result<WriteResult> put(const MoveCursor& move) {
    VF_TRY(check_lease(move.consumer, move.epoch));
    auto batches = state_.batches[move.consumer];
    std::erase_if(batches, [&](const BatchRow& batch) { return batch.from >= move.to; });
    assign(state_.batches, move.consumer, std::move(batches));
    const auto pin = state_.pins.find(move.consumer);
    if (pin != state_.pins.end() && pin->second.to > move.to) assign(state_.pins, move.consumer, std::nullopt);
    assign(state_.cursors, move.consumer, move.to);
    return put(
        AddAudit{.at = now_, .actor = "hub", .action = "move cursor", .detail = move.consumer + ": " + move.reason});
  }

  Result<WriteResult> put(const PutSetting& setting) {
    assign(state_.settings, setting.key, setting.value.empty() ? std::nullopt : std::optional(setting.value));
    return Written{};
  }

  Result<WriteResult> put(const AddAudit& entry) {
    state_.audit.push_back(entry);
    undo_.push_back([this] { state_.audit.pop_back(); });
    return Written{};
  }

  Result<WriteResult> put(const RetentionStep& step) {
    Position held = {~0u, ~0ull, ~0ull};
    for (const auto& consumer : step.held_by) {
      const auto cursor = state_.cursors.find(consumer);
      held = std::min(held, cursor == state_.cursors.end() ? Position{} : cursor->second);
    }
    RowsRemoved rows;
    undo_.push_back([this, before = state_.purged] { state_.purged = before; });
    while (!state_.rows.empty() && rows.removed < step.rows_max) {
      const auto& [position, row] = *state_.rows.begin();
      if (position > held || row.event.received >= step.outbox_before) break;
      assign(state_.positions, row.event.id, std::nullopt);
      state_.purged = position;
      assign(state_.rows, Position{position}, std::nullopt);
      ++rows.removed;
    }
    if (rows.removed > 0) remove_deliveries();
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

  void remove_deliveries() {
    std::vector<std::pair<std::string, Uuid>> gone;
    for (const auto& [key, row] : state_.deliveries) {
      if (row.position <= state_.purged) gone.push_back(key);
    }
    for (const auto& key : gone) assign(state_.deliveries, key, std::nullopt);
  }

  int64_t remove_audit(const RetentionStep& step) {
    auto& audit = state_.audit;
    const auto first_kept =
        std::ranges::find_if(audit, [&](const AddAudit& entry) { return entry.at >= step.ledger_before; });
    const auto removed = std::min(static_cast<int64_t>(first_kept - audit.begin()), step.rows_max);
    if (removed == 0) return 0;
    undo_.push_back([this, before = audit] { state_.audit = before; });
    audit.erase(audit.begin(), audit.begin() + removed);
    return removed;
  }

  State& state_;
  const Instant now_;
  std::vector<std::function<void()>> undo_;
};

Result<std::vector<WriteResult>> MemoryOutbox::write(std::span<const Write> writes, Instant now, size_t* failed_index) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(state_, now);
  std::vector<WriteResult> results;
  for (const Write& write : writes) {
    auto result = transaction.apply(write);
    if (!result) {
      if (failed_index) *failed_index = results.size();
      transaction.roll_back();
      return result.error();
    }
    results.push_back(*result);
  }
  return results;
}

Result<std::vector<OutboxRow>> MemoryOutbox::read_after(const ReadAfter& params) {
  const std::lock_guard lock(mutex_);
  std::vector<OutboxRow> rows;
  size_t bytes = 0;
  for (auto at = state_.rows.upper_bound(params.after); at != state_.rows.end(); ++at) {
    if (rows.size() >= params.rows_max || (!rows.empty() && bytes >= params.bytes_max)) break;
    bytes += at->second.event.body.size() + at->second.event.headers.size();
    rows.push_back(at->second);
  }
  return rows;
}

Result<Position> MemoryOutbox::end() {
  const std::lock_guard lock(mutex_);
  return state_.newest;
}

Result<Position> MemoryOutbox::purged() {
  const std::lock_guard lock(mutex_);
  return state_.purged;
}

Result<std::optional<Position>> MemoryOutbox::cursor(const std::string& consumer) {
  const std::lock_guard lock(mutex_);
  const auto at = state_.cursors.find(consumer);
  return at == state_.cursors.end() ? std::nullopt : std::optional(at->second);
}

Result<std::optional<PinBatch>> MemoryOutbox::open_pin(const std::string& consumer) {
  const std::lock_guard lock(mutex_);
  const auto pin = state_.pins.find(consumer);
  const auto cursor = state_.cursors.find(consumer);
  if (pin == state_.pins.end()) return std::optional<PinBatch>();
  const bool passed = cursor != state_.cursors.end() && cursor->second >= pin->second.to;
  return passed ? std::nullopt : std::optional(pin->second);
}

Result<Backlog> MemoryOutbox::backlog(Position after) {
  const std::lock_guard lock(mutex_);
  Backlog backlog;
  auto at = state_.rows.upper_bound(after);
  if (at != state_.rows.end()) backlog.oldest = at->second.event.received;
  for (; at != state_.rows.end() && backlog.rows < kBacklogRowsMax; ++at) ++backlog.rows;
  backlog.more = at != state_.rows.end();
  return backlog;
}

Result<std::vector<PutDelivery>> MemoryOutbox::deliveries(const std::string& target, PutDelivery::State state,
                                                          size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<PutDelivery> rows;
  for (const auto& [key, row] : state_.deliveries) {
    if (key.first == target && row.state == state) rows.push_back(row);
  }
  std::ranges::sort(rows, {}, &PutDelivery::position);
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<std::vector<PutDelivery>> MemoryOutbox::due_retries(const std::string& target, Instant now, size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<PutDelivery> rows;
  for (const auto& [key, row] : state_.deliveries) {
    const bool due = row.state == PutDelivery::State::retry && row.next_attempt_at <= now;
    if (key.first == target && due) rows.push_back(row);
  }
  std::ranges::sort(rows, {}, &PutDelivery::next_attempt_at);
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<std::vector<PutDelivery>> MemoryOutbox::deliveries_of(Uuid event_id) {
  const std::lock_guard lock(mutex_);
  std::vector<PutDelivery> rows;
  for (const auto& [key, row] : state_.deliveries) {
    if (key.second == event_id) rows.push_back(row);
  }
  return rows;
}

Result<std::optional<OutboxRow>> MemoryOutbox::find(Uuid event_id) {
  const std::lock_guard lock(mutex_);
  const auto at = state_.positions.find(event_id);
  return at == state_.positions.end() ? std::nullopt : std::optional(state_.rows.at(at->second));
}

Result<std::optional<LedgerEntry>> MemoryOutbox::ledger(Uuid event_id) {
  const std::lock_guard lock(mutex_);
  const auto row = state_.ledger.find(event_id);
  if (row == state_.ledger.end()) return std::optional<LedgerEntry>();
  LedgerEntry entry{.event_id = event_id, .received = row->second.received};
  if (const auto at = state_.positions.find(event_id); at != state_.positions.end()) entry.position = at->second;
  return std::optional(entry);
}

Result<std::optional<BatchRow>> MemoryOutbox::batch_of(const std::string& consumer, Position position) {
  const std::lock_guard lock(mutex_);
  for (const BatchRow& batch : state_.batches[consumer]) {
    if (batch.from < position && position <= batch.to) return std::optional(batch);
  }
  return std::optional<BatchRow>();
}

Result<std::vector<OutboxRow>> MemoryOutbox::search(const EventFilter& filter) {
  const std::lock_guard lock(mutex_);
  std::vector<OutboxRow> rows;
  for (auto at = state_.rows.rbegin(); at != state_.rows.rend() && rows.size() < filter.rows_max; ++at) {
    if (passes(filter, at->second)) rows.push_back(at->second);
  }
  return rows;
}

Result<std::vector<PutSetting>> MemoryOutbox::settings() {
  const std::lock_guard lock(mutex_);
  std::vector<PutSetting> rows;
  for (const auto& [key, value] : state_.settings) rows.push_back({.key = key, .value = value});
  return rows;
}

Result<std::vector<AddAudit>> MemoryOutbox::audit(size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<AddAudit> rows(state_.audit.rbegin(), state_.audit.rend());
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

}  // namespace vf::store::memory
