#include "fanout/retry_lane.h"

namespace vf::fanout {

Result<void> RetryLane::load(store::OutboxStore& outbox, const Clock& clock) {
  const SteadyTime now = clock.steady();
  if (!waiting_.empty() || now < next_poll_) return {};
  VF_ASSIGN(auto rows, outbox.due_retries(target_, clock.now(), kRowsMax));
  next_poll_ = now + kPollEvery;
  for (auto& row : rows) {
    if (taken_.insert(row.event_id).second) waiting_.push_back(std::move(row));
  }
  return {};
}

std::optional<store::PutDelivery> RetryLane::next() {
  if (waiting_.empty()) return std::nullopt;
  auto row = std::move(waiting_.front());
  waiting_.pop_front();
  return row;
}

Millis retry_delay(int64_t attempts, Random& random) {
  constexpr Millis kFirst{5'000};
  constexpr Millis kLongest = std::chrono::hours{6};
  Millis delay = kFirst;
  for (int64_t i = 1; i < attempts && delay < kLongest; ++i) delay *= 3;
  delay = std::min(delay, kLongest);
  return delay / 2 + Millis{static_cast<int64_t>(random.below(static_cast<uint64_t>(delay.count() / 2) + 1))};
}

}  // namespace vf::fanout
