#include "raw_log/probes.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "raw_log/batch.h"

namespace vf::raw_log {
namespace {

constexpr size_t kRowsMax = 256;  // read at once
constexpr size_t kFailedMax = 10'000;

}  // namespace

Result<void> Probes::find(Position stuck) {
  if (!rows_.empty()) return {};
  searched_to_ = std::max(searched_to_, stuck);
  VF_ASSIGN(auto rows, outbox_.read_after({.after = searched_to_, .rows_max = kRowsMax}));
  if (rows.empty()) return {};
  inserter_.suspect_up_to(rows.back().event.position);
  const auto missing = inserter_.missing(events_of(rows));
  if (!missing) return {};
  searched_to_ = rows.back().event.position;
  std::set<Uuid> ids;
  for (const Event* event : *missing) ids.insert(event->id);
  const auto waits = [this](Uuid id) {
    const auto failed = failed_.find(id);
    return failed != failed_.end() && failed->second.waits;
  };
  std::erase_if(rows, [&](const auto& row) { return !ids.contains(row.event.id) || waits(row.event.id); });
  rows_ = std::move(rows);
  return {};
}

store::OutboxRow Probes::take(Random& random) {
  const auto at = rows_.begin() + static_cast<std::ptrdiff_t>(random.below(rows_.size()));
  auto row = std::move(*at);
  rows_.erase(at);
  return row;
}

void Probes::note_failed(Uuid event_id, bool counts) {
  if (failed_.size() >= kFailedMax) failed_.clear();
  Failed& failed = failed_[event_id];
  failed.tries += counts ? 1 : 0;
  failed.waits = true;
}

void Probes::allow_one_again(Random& random) {
  if (failed_.empty()) return;
  std::next(failed_.begin(), static_cast<std::ptrdiff_t>(random.below(failed_.size())))->second.waits = false;
  searched_to_ = {};
}

void Probes::lake_recovered() {
  for (auto& [id, failed] : failed_) failed.waits = failed.tries >= kTriesMax;
  searched_to_ = {};
}

void Probes::clear() {
  rows_.clear();
  searched_to_ = {};
}

}  // namespace vf::raw_log
