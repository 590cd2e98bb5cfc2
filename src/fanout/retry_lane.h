// RetryLane: hands out the deferred events of one target, which wait in the store for another attempt. They have a lane
// of their own, so that old events do not starve fresh ones. At most 64 rows are in memory. Single-threaded.
#pragma once

#include <algorithm>
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

  /// Reads due rows from the store, unless rows wait in memory or the last read was less than a second ago.
  Result<void> load(store::OutboxStore& outbox, const Clock& clock);
  /// Makes the next load() read even if the last read was less than a second ago.
  void poll_now() { next_poll_ = SteadyTime{0}; }

  /// Takes the row that has waited longest. The caller gives it back by requeue(), behind the others, or ends it by
  /// finish().
  std::optional<store::PutDelivery> next();
  void requeue(store::PutDelivery row) { waiting_.push_back(std::move(row)); }
  /// The row has been dropped or rewritten in the store.
  void finish(Uuid event_id) { taken_.erase(event_id); }

  bool anything_waits() const { return !waiting_.empty(); }

 private:
  static constexpr size_t kRowsMax = 64;
  static constexpr Millis kPollEvery{1000};

  std::string target_;
  std::deque<store::PutDelivery> waiting_;
  std::set<Uuid> taken_;  // events read and not finished: they are still in the store and must not be read twice
  SteadyTime next_poll_{0};
};

/// Returns the delay before the retry that follows attempt number `attempts`: 5 s, tripled with each attempt, at most
/// six hours. Half of it is fixed, the other half is random.
inline Millis retry_delay(int64_t attempts, Random& random) {
  constexpr Millis kFirst{5'000};
  constexpr Millis kLongest = std::chrono::hours{6};
  Millis delay = kFirst;
  for (int64_t i = 1; i < attempts && delay < kLongest; ++i) delay *= 3;
  delay = std::min(delay, kLongest);
  return delay / 2 + Millis{static_cast<int64_t>(random.below(static_cast<uint64_t>(delay.count() / 2) + 1))};
}

inline Result<void> RetryLane::load(store::OutboxStore& outbox, const Clock& clock) {
  const SteadyTime now = clock.steady();
  if (!waiting_.empty() || now < next_poll_) return {};
  VF_ASSIGN(auto rows, outbox.due_retries(target_, clock.now(), kRowsMax));
  next_poll_ = now + kPollEvery;
  for (auto& row : rows) {
    if (taken_.insert(row.event_id).second) waiting_.push_back(std::move(row));
  }
  return {};
}

inline std::optional<store::PutDelivery> RetryLane::next() {
  if (waiting_.empty()) return std::nullopt;
  auto row = std::move(waiting_.front());
  waiting_.pop_front();
  return row;
}

}  // namespace vf::fanout
