#include "retry/evidence.h"

#include <chrono>
#include <utility>

#include "base/result.h"

namespace vf::retry {
namespace {

constexpr SteadyTime kNear = std::chrono::minutes{1};

}  // namespace

void Evidence::failed(const Failed& attempt) {
  if (!attempt.before || !attempt.before->delivered) return;
  if (attempt.began - attempt.before->ended <= kNear) return undecided_.push_back(attempt);
  auto& waiting = undecided_for_a_minute_;
  while (!waiting.empty() && attempt.ended - waiting.front().ended > kNear) waiting.pop_front();
  waiting.push_back(attempt);
}

void Evidence::fresh_began(uint64_t request, SteadyTime now) {
  Fresh fresh{.decides = std::exchange(undecided_, {})};
  for (const Failed& attempt : std::exchange(undecided_for_a_minute_, {})) {
    if (now - attempt.ended <= kNear) fresh.decides.push_back(attempt);
  }
  in_flight_.emplace(request, std::move(fresh));
}

std::vector<Evidence::Failed> Evidence::fresh_ended(uint64_t request, bool delivered, SteadyTime now) {
  auto found = in_flight_.extract(request);
  VF_INVARIANT(!found.empty());
  before_ = Before{.delivered = delivered, .ended = now};
  if (!delivered) return {};
  return std::move(found.mapped().decides);
}

}  // namespace vf::retry
