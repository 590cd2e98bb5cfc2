#include "store/postgres/outbox/read_trail.h"

namespace vf::store::postgres {

std::optional<ReadTrail::Place> ReadTrail::find(Position position) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(position);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

void ReadTrail::remember(Position position, const Place& place) {
  const std::lock_guard lock(mutex_);
  if (places_.insert_or_assign(position, place).second) order_.push_back(position);
  while (order_.size() > kPlacesMax) {
    places_.erase(order_.front());
    order_.pop_front();
  }
}

void ReadTrail::forget_all() {
  const std::lock_guard lock(mutex_);
  places_.clear();
  order_.clear();
}

Instant ReadTrail::floor_of(Instant received) {
  return std::chrono::floor<std::chrono::days>(received - std::chrono::hours{1});
}

}  // namespace vf::store::postgres
