#include "store/dead_letters.h"

#include <algorithm>

namespace vf::store {
namespace {

auto telling(DeadLetters::Told told) {
  return [told = std::move(told)](const Result<WriteResult>& result) {
    told(result ? Result<Done>(Done{}) : result.error());
  };
}

}  // namespace

Result<PutDelivery> DeadLetters::find(const std::string& consumer, Uuid event_id) const {
  auto rows = outbox_.deliveries_of(event_id);
  if (!rows) return rows.error();
  const auto dead = std::ranges::find_if(*rows, [&consumer](const PutDelivery& row) {
    return row.target == consumer && row.state == PutDelivery::State::dead;
  });
  if (dead == rows->end()) return not_found(consumer + " has no dead letter " + event_id.to_string());
  return std::move(*dead);
}

void DeadLetters::retry(const std::string& consumer, Uuid event_id, Told told) const {
  auto row = find(consumer, event_id);
  if (!row) return told(row.error());
  row->state = PutDelivery::State::retry;
  row->attempts = 0;
  row->next_attempt_at = clock_.now();
  write_(std::move(*row), telling(std::move(told)));
}

void DeadLetters::drop(const std::string& consumer, Uuid event_id, Told told) const {
  if (const auto row = find(consumer, event_id); !row) return told(row.error());
  write_(DropDelivery{.target = consumer, .event_id = event_id}, telling(std::move(told)));
}

}  // namespace vf::store
