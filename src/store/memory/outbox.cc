#include "store/memory/outbox.h"

#include <algorithm>
#include <ranges>
#include <utility>

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

bool is_waiting(const PutDelivery& row) { return row.state == PutDelivery::State::retry; }

}  // namespace

Result<std::vector<WriteResult>> MemoryOutbox::write(std::span<const Write> writes, Instant now, size_t* failed_index) {
  const std::lock_guard lock(mutex_);
  OutboxTransaction transaction(state_, now);
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

std::vector<PutDelivery> MemoryOutbox::select(const std::string& target,
                                              const std::function<bool(const PutDelivery&)>& wanted) {
  std::vector<PutDelivery> rows;
  for (const auto& [key, row] : state_.deliveries) {
    if (key.first == target && wanted(row)) rows.push_back(row);
  }
  return rows;
}

Result<std::vector<PutDelivery>> MemoryOutbox::deliveries(const std::string& target, PutDelivery::State state,
                                                          size_t rows_max) {
  const std::lock_guard lock(mutex_);
  auto rows = select(target, [&](const PutDelivery& row) { return row.state == state; });
  std::ranges::sort(rows, {}, &PutDelivery::position);
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<std::vector<PutDelivery>> MemoryOutbox::deliveries_after(const std::string& target, Position after,
                                                                size_t rows_max) {
  const std::lock_guard lock(mutex_);
  auto rows = select(target, [&](const PutDelivery& row) { return row.position > after; });
  std::ranges::sort(rows, {}, &PutDelivery::position);
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<int64_t> MemoryOutbox::count_deliveries(const std::string& target, PutDelivery::State state, int64_t at_most) {
  const std::lock_guard lock(mutex_);
  const auto rows = select(target, [&](const PutDelivery& row) { return row.state == state; });
  return std::min(static_cast<int64_t>(rows.size()), at_most);
}

Result<std::vector<PutDelivery>> MemoryOutbox::revived(const std::string& target, size_t rows_max) {
  const std::lock_guard lock(mutex_);
  auto rows = select(target, [](const PutDelivery& row) { return is_waiting(row) && !row.first_failed_at; });
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
  if (const auto at = state_.positions.find(event_id); at != state_.positions.end()) {
    return std::optional(state_.rows.at(at->second));
  }
  const auto kept = state_.kept.find(event_id);
  return kept == state_.kept.end() ? std::nullopt : std::optional(kept->second);
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

Result<std::vector<ConsumerRow>> MemoryOutbox::consumers() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> known = state_.versions;
  for (const auto& [key, row] : state_.deliveries) known.try_emplace(key.first);
  std::vector<ConsumerRow> rows;
  for (const auto& [name, version] : known) rows.push_back({.name = name, .config_version = version});
  return rows;
}

Result<std::vector<PutSetting>> MemoryOutbox::settings() {
  const std::lock_guard lock(mutex_);
  std::vector<PutSetting> rows;
  for (const auto& [key, value] : state_.settings) rows.push_back({.key = key, .value = value});
  return rows;
}

Result<std::vector<AuditRow>> MemoryOutbox::audit(const AuditFilter& filter) {
  const std::lock_guard lock(mutex_);
  std::vector<AuditRow> rows;
  for (const auto& row : state_.audit | std::views::reverse) {
    if (rows.size() == filter.rows_max) break;
    if (!filter.before || row.number < *filter.before) rows.push_back(row);
  }
  return rows;
}

Result<std::vector<Run>> MemoryOutbox::runs(const RunFilter& filter) {
  const std::lock_guard lock(mutex_);
  return state_.runs.runs(filter);
}

Result<std::optional<Run>> MemoryOutbox::find_run(Uuid id) {
  const std::lock_guard lock(mutex_);
  return state_.runs.find(id);
}

Result<std::vector<JobRuns>> MemoryOutbox::last_runs() {
  const std::lock_guard lock(mutex_);
  return state_.runs.last_runs();
}

Result<std::vector<std::string>> MemoryOutbox::waiting_jobs(Instant now) {
  const std::lock_guard lock(mutex_);
  return state_.runs.waiting_jobs(now);
}

}  // namespace vf::store::memory
