#include "retry/lane.h"

#include <algorithm>
#include <chrono>

#include "base/result.h"

namespace vf::retry {
namespace {

constexpr int64_t kCountedMin = 10;            // events that fail at random survive this; some die at five (modelled)
constexpr int64_t kCountedMinOverloaded = 20;  // an overloaded receiver answers 503 to events that it would take later
constexpr Millis kLongestDelay = std::chrono::hours{6};
constexpr Millis kDieAfterMax = std::chrono::days{1};

}  // namespace

void Lane::add(Uuid event_id, Entry entry, const Outcome& outcome, Time now) {
  entry.first_failed_at = now.wall;
  const auto [at, is_new] = waiting_.emplace(event_id, Waiting{.entry = std::move(entry), .first_failed = now.steady});
  VF_INVARIANT(is_new);
  if (at->second.entry.is_recorded) ++recorded_;
  at->second.failures = 1;
  schedule(event_id, at->second, outcome, now);
}

void Lane::restore(Uuid event_id, Entry entry, Time now) {
  Waiting waiting{.entry = std::move(entry)};
  waiting.entry.is_recorded = true;
  waiting.failures = static_cast<int>(std::min<int64_t>(waiting.entry.counted, 30));
  const Millis age = std::max(now.wall - waiting.entry.first_failed_at, Millis{0});
  waiting.first_failed = now.steady - age;
  const Millis wait = std::clamp(waiting.entry.next_attempt_at - now.wall, Millis{0}, delay_max());
  waiting.due = now.steady + wait;
  const SteadyTime due = waiting.due;
  if (!waiting_.emplace(event_id, std::move(waiting)).second) return;
  ++recorded_;
  due_.emplace(due, event_id);
}

void Lane::remove(Uuid event_id) {
  const auto found = waiting_.find(event_id);
  if (found == waiting_.end()) return;
  due_.erase({found->second.due, event_id});
  if (found->second.entry.is_recorded) --recorded_;
  waiting_.erase(found);
}

void Lane::remove_held() {
  for (const Uuid id : held()) remove(id);
}

const Lane::Entry* Lane::find(Uuid event_id) const {
  const auto found = waiting_.find(event_id);
  return found == waiting_.end() ? nullptr : &found->second.entry;
}

std::optional<Uuid> Lane::next_due(SteadyTime now) const {
  return due_.empty() || due_.begin()->first > now ? std::nullopt : std::optional(due_.begin()->second);
}

std::optional<SteadyTime> Lane::due_at() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void Lane::began(Uuid event_id) {
  Waiting& waiting = waiting_.at(event_id);
  due_.erase({waiting.due, event_id});
  waiting.is_in_flight = true;
}

void Lane::failed(Uuid event_id, const Outcome& outcome, Reason reason, Time now) {
  Waiting& waiting = waiting_.at(event_id);
  waiting.is_in_flight = false;
  waiting.entry.reason = std::move(reason);
  waiting.failures = std::min(waiting.failures + 1, 30);
  schedule(event_id, waiting, outcome, now);
}

void Lane::hold(Uuid event_id) {
  const auto found = waiting_.find(event_id);
  if (found == waiting_.end()) return;  // a dead letter meanwhile, or removed
  Waiting& waiting = found->second;
  ++waiting.holds;
  due_.erase({waiting.due, event_id});
}

void Lane::release(Uuid event_id) {
  const auto found = waiting_.find(event_id);
  if (found == waiting_.end()) return;
  Waiting& waiting = found->second;
  waiting.holds = std::max(waiting.holds - 1, 0);
  queue(event_id, waiting);
}

void Lane::queue(Uuid event_id, const Waiting& waiting) {
  if (waiting.may_begin()) due_.emplace(waiting.due, event_id);
}

void Lane::schedule(Uuid event_id, Waiting& waiting, const Outcome& outcome, Time now) {
  due_.erase({waiting.due, event_id});
  waiting.is_overloaded = outcome.is_overloaded();
  const Millis asked = std::min(outcome.retry_after.value_or(Millis{0}), params_.retry_after_max);
  const Millis delay = std::max(delay_after(waiting), asked);
  waiting.due = now.steady + delay;
  waiting.entry.next_attempt_at = now.wall + delay;
  queue(event_id, waiting);
}

void Lane::hurry(SteadyTime now) {
  std::set<Due> all;
  for (const auto& [due, id] : due_) {
    SteadyTime& own = waiting_.at(id).due;
    own = std::min(own, now);
    all.emplace(own, id);
  }
  due_ = std::move(all);
}

Millis Lane::delay_max() const { return std::max(kLongestDelay, params_.longest); }

// Half of the delay is fixed, the other half is random.
Millis Lane::delay_after(const Waiting& waiting) {
  Millis delay = std::min(params_.first, params_.longest);
  for (int i = 1; i < waiting.failures && delay < params_.longest; ++i) delay = std::min(delay * 2, params_.longest);
  for (int64_t i = kCountedMin; i <= waiting.entry.counted && delay < delay_max(); ++i) {
    delay = std::min(delay * 3, delay_max());
  }
  return delay / 2 + Millis{static_cast<int64_t>(random_.below(static_cast<uint64_t>(delay.count() / 2) + 1))};
}

void Lane::count(Uuid event_id) {
  if (const auto found = waiting_.find(event_id); found != waiting_.end()) ++found->second.entry.counted;
}

bool Lane::is_dead(Uuid event_id, SteadyTime now) const {
  const Waiting& waiting = waiting_.at(event_id);
  const int64_t floor = waiting.is_overloaded ? kCountedMinOverloaded : kCountedMin;
  return !waiting.is_in_flight && waiting.entry.counted >= std::max(params_.attempts, floor) &&
         now - waiting.first_failed >= die_after();
}

Millis Lane::die_after() const { return std::min(params_.longest * 60, kDieAfterMax); }

void Lane::set_recorded(Uuid event_id) {
  bool& is_recorded = waiting_.at(event_id).entry.is_recorded;
  if (!is_recorded) ++recorded_;
  is_recorded = true;
}

std::vector<Uuid> Lane::held() const {
  std::vector<Uuid> ids;
  if (recorded_ == waiting_.size()) return ids;
  for (const auto& [id, waiting] : waiting_) {
    if (!waiting.entry.is_recorded) ids.push_back(id);
  }
  return ids;
}

std::vector<Uuid> Lane::recorded_ids() const {
  std::vector<Uuid> ids;
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.entry.is_recorded) ids.push_back(id);
  }
  return ids;
}

std::optional<Uuid> Lane::most_counted() const {
  std::optional<Uuid> most;
  int64_t counted = kCountedMin - 1;
  for (const auto& [id, waiting] : waiting_) {
    if (!waiting.entry.is_recorded || waiting.is_in_flight || waiting.entry.counted <= counted) continue;
    counted = waiting.entry.counted;
    most = id;
  }
  return most;
}

}  // namespace vf::retry
