// ReadTrail: what the outbox's readers have seen, so that the next read need not look into partitions of days gone by.
// Rows are received in the order of their positions, but for what a correction of the server's clock may do: a floor
// lies an hour below, at the beginning of a day, and what it hides is looked for from time to time. Thread safe.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "base/time.h"
#include "event/event.h"

namespace vf::store::postgres {

class ReadTrail {
 public:
  /// Of somebody who stands at a position.
  struct Place {
    Instant floor;     // the days before hold nothing after the position, as far as one knows
    Position proved;   // nothing was hidden up to here
    Millis proved_at;  // steady
  };

  std::optional<Place> find(Position position) const;
  void remember(Position position, const Place& place);
  void forget_all();

  /// The floor that follows from a row received then.
  static Instant floor_of(Instant received);

 private:
  static constexpr size_t kPlacesMax = 256;

  mutable std::mutex mutex_;
  std::map<Position, Place> places_;
  std::deque<Position> order_;  // oldest first
};

}  // namespace vf::store::postgres
