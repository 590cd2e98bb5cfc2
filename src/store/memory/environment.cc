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

Applied MemoryEnvironment::apply_one(const Projection& projection, Instant now) {
  const Uuid id = projection.event_id;
  const auto known = processed_.find(id);
  const bool is_dropped = known != processed_.end() && known->second.status == Applied::dropped;
  if (is_dropped || (!projection.force && known != processed_.end())) return Applied::duplicate;
  const Instant received = known != processed_.end() ? known->second.received_at : now;
  processed_.insert_or_assign(id, ProcessedEvent{.event_id = id,
                                                 .source = projection.source,
                                                 .type = projection.type,
                                                 .status = projection.status,
                                                 .time = projection.time,
                                                 .received_at = received});
  if (projection.status == Applied::quarantined) {
    QuarantinedEvent& event = quarantined_[id];
    event = {.event_id = id,
             .source = projection.source,
             .type = projection.type,
             .reason = projection.reason,
             .envelope = projection.envelope,
             .quarantined_at = event.attempts > 0 ? event.quarantined_at : now,
             .attempted_at = now,
             .attempts = event.attempts + 1};
    return projection.status;
  }
  quarantined_.erase(id);
  for (const Row& row : projection.rows) {
    const auto [stored, is_new] = rows_.try_emplace(row, row);
    if (!is_new) merge(stored->second, row);
  }
  return projection.status;
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
  return MemoryEnvironment::not_tried({.from = Instant::max(), .to = Instant::min()}, rows_max);
}

Result<std::vector<QuarantinedEvent>> MemoryEnvironment::not_tried(Attempts between, size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<QuarantinedEvent> rows;
  for (const auto& [id, row] : quarantined_) {
    if (row.attempted_at < between.from || row.attempted_at > between.to) rows.push_back(row);
  }
  std::ranges::sort(rows, {}, [](const auto& row) { return std::pair(row.attempted_at, row.event_id); });
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<std::vector<QuarantinedEvent>> MemoryEnvironment::quarantined_after(const QuarantinePlace& after,
                                                                           size_t rows_max) {
  const std::lock_guard lock(mutex_);
  std::vector<QuarantinedEvent> rows;
  for (const auto& [id, row] : quarantined_) {
    if (place_of(row) <= after) continue;
    rows.push_back(row);
    rows.back().envelope.clear();
  }
  std::ranges::sort(rows, {}, place_of);
  rows.resize(std::min(rows.size(), rows_max));
  return rows;
}

Result<std::optional<QuarantinedEvent>> MemoryEnvironment::find_quarantined(Uuid event_id) {
  const std::lock_guard lock(mutex_);
  const auto found = quarantined_.find(event_id);
  return found == quarantined_.end() ? std::optional<QuarantinedEvent>() : std::optional(found->second);
}

Result<int64_t> MemoryEnvironment::count_quarantined(int64_t at_most) {
  const std::lock_guard lock(mutex_);
  return std::min(static_cast<int64_t>(quarantined_.size()), at_most);
}

Result<int64_t> MemoryEnvironment::drop_quarantined(std::span<const Uuid> events) {
  const std::lock_guard lock(mutex_);
  int64_t dropped = 0;
  for (const Uuid id : events) {
    if (quarantined_.erase(id) == 0) continue;
    ++dropped;
    if (const auto known = processed_.find(id); known != processed_.end()) known->second.status = Applied::dropped;
  }
  return dropped;
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

Result<RunResult> MemoryEnvironment::write_run(const RunWrite& write, Instant now) {
  const std::lock_guard lock(mutex_);
  return runs_.write(write, now);
}

Result<std::vector<Run>> MemoryEnvironment::runs(const RunFilter& filter) {
  const std::lock_guard lock(mutex_);
  return runs_.runs(filter);
}

Result<std::optional<Run>> MemoryEnvironment::find_run(Uuid id) {
  const std::lock_guard lock(mutex_);
  return runs_.find(id);
}

Result<std::vector<JobRuns>> MemoryEnvironment::last_runs() {
  const std::lock_guard lock(mutex_);
  return runs_.last_runs();
}

Result<std::vector<std::string>> MemoryEnvironment::waiting_jobs(Instant now) {
  const std::lock_guard lock(mutex_);
  return runs_.waiting_jobs(now);
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
