#include "raw_log/inserter.h"

#include <unordered_set>
#include <utility>

#include "raw_log/batch.h"

namespace vf::raw_log {

Result<std::vector<const Event*>> Inserter::missing(std::vector<const Event*> events) {
  if (auto aborted = lake_.abort_pending(); !aborted) return unavailable(aborted.error().message);
  std::vector<Uuid> ids;
  ids.reserve(events.size());
  Instant from = Instant::max();
  Instant to = Instant::min();
  for (const Event* event : events) {
    ids.push_back(event->id);
    from = std::min(from, event->received);
    to = std::max(to, event->received);
  }
  auto present = lake_.ids_present(ids, from, to);
  if (!present) return unavailable(present.error().message);
  const std::unordered_set<Uuid> held(present->begin(), present->end());
  std::erase_if(events, [&held](const Event* event) { return held.contains(event->id); });
  return events;
}

Result<void> Inserter::insert(const std::vector<const Event*>& events) {
  if (events.empty()) return {};
  std::vector<lake::RawRow> rows;
  rows.reserve(events.size());
  for (const Event* event : events) {
    rows.push_back({.event = event, .retention_class = retention_.class_of(event->source)});
  }
  return lake_.insert(rows, digest_of(events));
}

}  // namespace vf::raw_log
