#include "fanout/breaker.h"

#include <algorithm>

namespace vf::fanout {

bool Breaker::may_send(SteadyTime now, size_t in_flight) const {
  if (closed()) return in_flight < window_;
  return in_flight == 0 && now >= retry_at_;
}

void Breaker::sent() { probing_ = !closed(); }

void Breaker::succeeded() {
  if (closed()) {
    window_ = std::min(window_ + 1, params_.window_max);
  } else if (probing_) {
    failures_ = 0;
    probing_ = false;
  }  // else: an answer to a request from before the failure says nothing about the target now
}

void Breaker::failed(SteadyTime now, std::optional<Millis> retry_after) {
  const SteadyTime asked = now + std::min(retry_after.value_or(Millis{0}), params_.retry_after_max);
  if (!closed() && !probing_) {  // the other requests of the window that failed count as the same failure
    retry_at_ = std::max(retry_at_, asked);
    return;
  }
  ++failures_;
  probing_ = false;
  window_ = 1;
  retry_at_ = std::max(now + backoff(), asked);
}

// Full jitter: the backoff is evenly distributed over (0, min(max, first · 2^(failures − 1))].
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
SteadyTime Breaker::backoff() {
  const int doublings = std::min(failures_ - 1, 30);
  const SteadyTime ceiling =
      std::min<SteadyTime>(params_.backoff_max, SteadyTime{params_.backoff_first} * (int64_t{1} << doublings));
  return SteadyTime{1 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(ceiling.count())))};
}

}  // namespace vf::fanout
