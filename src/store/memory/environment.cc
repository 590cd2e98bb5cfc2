#include "store/memory/environment.h"

#include <algorithm>

namespace vf::store::memory {

Result<std::vector<Applied>> MemoryEnvironment::apply(std::span<const Projection> projections, Instant now,
                                                      Refusals* /*refusals*/) {
  const std::lock_guard lock(mutex_);
  std::vector<Applied> statuses;
  statuses.reserve(projections.size());
  for (const Projection& projection : projections) statuses.push_back(apply_one(projection, now));
  return statuses;
}

Applied MemoryEnvironment::apply_one(const Projection& told, Instant now) {
  if (!told.force && processed_.contains(told.event_id)) return Applied::duplicate;
  const auto received = processed_.contains(told.event_id) ? processed_.at(told.event_id).received_at : now;
  processed_.insert_or_assign(told.event_id,
                              ProcessedEvent{told.event_id, told.source, told.type, told.status, told.time, received});
  if (told.status == Applied::quarantined) {
    const QuarantinedEvent before = quarantined_[told.event_id];
    const Instant first = before.attempts > 0 ? before.quarantined_at : now;
    quarantined_[told.event_id] = {told.event_id, told.source, told.type, told.reason,
                                   told.envelope, first,       now,       before.attempts + 1};
    return told.status;
  }
  quarantined_.erase(told.event_id);
  for (const Row& row : told.rows) {
    const auto [held, is_new] = rows_.try_emplace(row, row);
    if (!is_new) merge(held->second, row);
  }
  return told.status;
}

Result<std::optional<ProcessedEvent>> MemoryEnvironment::processed(Uuid event_id) {
  const std::lock_guard lock(mutex_);
  const auto found = processed_.find(event_id);
  if (found == processed_.end()) return std::optional<ProcessedEvent>();
  ProcessedEvent event = found->second;
  if (const auto refused = quarantined_.find(event_id); refused != quarantined_.end()) {
    event.reason = refused->second.reason;
  }
  return std::optional(std::move(event));
}

Result<std::vector<QuarantinedEvent>> MemoryEnvironment::quarantined(size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<QuarantinedEvent> rows;
  for (const auto& [id, row] : quarantined_) rows.push_back(row);
  std::ranges::sort(rows, {}, [](const auto& row) { return std::pair(row.attempted_at, row.event_id); });
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<int64_t> MemoryEnvironment::purge(const Purge& step) {
  const std::lock_guard lock(mutex_);
  const auto remove = [&](auto& rows, auto is_old) {
    int64_t removed = 0;
    for (auto row = rows.begin(); row != rows.end() && removed < step.rows_max;) {
      const bool old = is_old(row->second);
      row = old ? rows.erase(row) : std::next(row);
      removed += old ? 1 : 0;
    }
    return removed;
  };
  return remove(processed_, [&](const auto& row) { return row.received_at < step.processed_before; }) +
         remove(quarantined_, [&](const auto& row) { return row.quarantined_at < step.quarantined_before; });
}

Result<std::vector<std::pair<std::string, int64_t>>> MemoryEnvironment::row_counts() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, int64_t> counts;
  for (const auto& [key, row] : rows_) ++counts[std::string(row.table->name)];
  return std::vector<std::pair<std::string, int64_t>>(counts.begin(), counts.end());
}

Result<std::vector<std::vector<Value>>> MemoryEnvironment::rows(const Table& table, size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<std::vector<Value>> found;
  for (const auto& [key, row] : rows_) {
    if (row.table->name != table.name || found.size() >= rows_max) continue;
    auto& values = found.emplace_back();
    for (const auto& cell : row.cells) values.push_back(cell.value_or(Value{}));
  }
  return found;
}

}  // namespace vf::store::memory
