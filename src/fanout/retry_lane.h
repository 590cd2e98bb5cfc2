// RetryLane: events of one target that failed for their own fault and wait in the store for another attempt. Beside the
// batches, so that fresh events are not starved by old ones. Holds few rows in memory; single-threaded.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "fanout/breaker.h"
#include "store/outbox_store.h"

namespace vf::fanout {

class RetryLane {
 public:
  explicit RetryLane(std::string target) : target_(std::move(target)) {}

  /// Reads what is due, unless rows are waiting here already or the last look is less than a second old.
  Result<void> load(store::OutboxStore& outbox, const Clock& clock);
  /// Makes the next load() look whatever the time.
  void look_again() { next_look_ = SteadyTime{0}; }

  /// Takes the row that waits longest. It comes back by exactly one of requeue (behind the others), finish.
  std::optional<store::PutDelivery> next();
  void requeue(store::PutDelivery row) { waiting_.push_back(std::move(row)); }
  /// Its row has been dropped or rewritten in the store.
  void finish(Uuid event_id) { taken_.erase(event_id); }

  bool anything_waits() const { return !waiting_.empty(); }

 private:
  static constexpr size_t kRowsMax = 64;
  static constexpr Millis kLookEvery{1000};

  std::string target_;
  std::deque<store::PutDelivery> waiting_;
  std::set<Uuid> taken_;  // read here and not finished: still in the store, not to be read twice
  SteadyTime next_look_{0};
};

/// How long the retry that follows attempt number `attempts` waits: 5 s, tripled each time, at most six hours, with
/// jitter of half of it.
Millis retry_delay(int64_t attempts, Random& random);

}  // namespace vf::fanout
