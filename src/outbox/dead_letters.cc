#include "outbox/dead_letters.h"

#include <algorithm>

namespace vf::outbox {
namespace {

auto telling(DeadLetters::Told told) {
  return [told = std::move(told)](const Result<store::WriteResult>& result) {
    told(result ? Result<store::Done>(store::Done{}) : result.error());
  };
}

}  // namespace

Result<store::PutDelivery> DeadLetters::find(const std::string& consumer, Uuid event_id) const {
  auto rows = outbox_.deliveries_of(event_id);
  if (!rows) return rows.error();
  const auto dead = std::ranges::find_if(*rows, [&consumer](const store::PutDelivery& row) {
    return row.target == consumer && row.state == store::PutDelivery::State::dead;
  });
  if (dead == rows->end()) return not_found(consumer + " has no dead letter " + event_id.to_string());
  return std::move(*dead);
}

void DeadLetters::retry(const std::string& consumer, Uuid event_id, Told told) const {
  auto row = find(consumer, event_id);
  if (!row) return told(row.error());
  row->state = store::PutDelivery::State::retry;
  row->attempts = 0;
  row->next_attempt_at = clock_.now();
  write_(std::move(*row), telling(std::move(told)));
}

void DeadLetters::drop(const std::string& consumer, Uuid event_id, Told told) const {
  if (const auto row = find(consumer, event_id); !row) return told(row.error());
  write_(store::DropDelivery{.target = consumer, .event_id = event_id}, telling(std::move(told)));
}

}  // namespace vf::outbox
