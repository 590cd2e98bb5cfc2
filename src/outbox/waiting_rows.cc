#include "outbox/waiting_rows.h"

#include <set>

namespace vf::outbox {

void restore(retry::Lane& lane, const std::vector<store::PutDelivery>& rows, retry::Time now) {
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
}

store::PutDelivery row_of(const std::string& consumer, const retry::Rule::Change& change) {
  store::PutDelivery row;
  row.target = consumer;
  row.position = change.entry.position;
  row.event_id = change.event_id;
  row.state = change.is_dead ? store::PutDelivery::State::dead : store::PutDelivery::State::retry;
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
