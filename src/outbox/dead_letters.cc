#include "outbox/dead_letters.h"

#include <algorithm>

namespace vf::outbox {
Result<store::PutDelivery> DeadLetters::find(const std::string& consumer, Uuid event_id) const {
  VF_ASSIGN(auto rows, outbox_.deliveries_of(event_id));
  const auto dead = std::ranges::find_if(rows, [&consumer](const store::PutDelivery& row) {
    return row.target == consumer && row.state == store::PutDelivery::State::dead;
  });
  if (dead == rows.end()) return not_found(consumer + " has no dead letter " + event_id.to_string());
  return std::move(*dead);
}

void DeadLetters::retry(const std::string& consumer, Uuid event_id, OnDone on_done) const {
  auto row = find(consumer, event_id);
  if (!row) return on_done(row.error());
  row->state = store::PutDelivery::State::retry;
  row->attempts = 0;
  row->next_attempt_at = clock_.now();
  writer_.write(std::move(*row), completing(std::move(on_done)));
}

void DeadLetters::drop(const std::string& consumer, Uuid event_id, OnDone on_done) const {
  if (const auto row = find(consumer, event_id); !row) return on_done(row.error());
  writer_.write(store::DropDelivery{.target = consumer, .event_id = event_id}, completing(std::move(on_done)));
}

}  // namespace vf::outbox
