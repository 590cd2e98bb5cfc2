#include "retry/pace.h"

#include <algorithm>
#include <chrono>

#include "base/result.h"

namespace vf::retry {
namespace {

constexpr int kSlowFactor = 10;  // times the usual answer
constexpr Millis kSlowMin{1'000};

}  // namespace

SteadyTime Pace::slow_after() const {
  return std::max<SteadyTime>(kSlowMin, usual_.value_or(SteadyTime{0}) * kSlowFactor);
}

size_t Pace::places_taken(SteadyTime now, std::optional<Kind> kind) const {
  size_t lent = kLentWindowsMax * window_;
  size_t taken = 0;
  for (const auto& [_, request] : in_flight_) {
    if (lent > 0 && now - request.began >= slow_after()) {
      --lent;
    } else if (!kind || request.kind == *kind) {
      ++taken;
    }
  }
  return taken;
}

bool Pace::may_send(SteadyTime now) const {
  if (is_backing_off()) return !probe_ && now >= retry_at_ && in_flight_.size() < in_flight_max(params_);
  return places_taken(now, std::nullopt) < window_;
}

bool Pace::may_send_alone(SteadyTime now) const {
  if (is_backing_off() || !may_send(now)) return false;
  const size_t share = failures_alone_ >= 2 ? 1 : std::max<size_t>(1, window_ / 4);
  return places_taken(now, Kind::alone) < share;
}

void Pace::began(uint64_t request, Kind kind, SteadyTime now) {
  if (is_backing_off()) probe_ = request;
  in_flight_.emplace_hint(in_flight_.end(), request, Request{.kind = kind, .began = now});
}

void Pace::ended(uint64_t request, const Outcome& outcome, SteadyTime now) {
  const auto found = in_flight_.extract(request);
  VF_INVARIANT(!found.empty());
  const bool was_probe = probe_ == request;
  if (was_probe) probe_.reset();
  if (outcome.delivered) {
    delivered(found.mapped(), was_probe, now);
  } else {
    failed(found.mapped(), was_probe, outcome, now);
  }
}

void Pace::delivered(const Request& request, bool was_probe, SteadyTime now) {
  const SteadyTime took = now - request.began;
  usual_ = usual_ ? *usual_ + (took - *usual_) / 8 : took;
  failures_alone_ = 0;
  size_ = std::min(size_ + std::max<size_t>(1, size_ / 8), params_.events_max);
  if (!is_backing_off()) {
    failures_ = 0;
    window_ = std::min(window_ + 1, params_.window_max);
  } else if (was_probe) {
    // By more than `longest`, so that a receiver that rounds up is still trusted.
    if (test_ && test_->until - now > params_.longest) asked_in_vain_ = true;
    forgive();
  }  // else: an answer to a request from before the back-off says nothing about the receiver now
}

void Pace::failed(const Request& request, bool was_probe, const Outcome& outcome, SteadyTime now) {
  if (request.kind == Kind::alone) ++failures_alone_;
  if (request.kind == Kind::alone && !was_probe) return;  // this delays that event only
  size_ = std::max<size_t>(1, size_ / 2);
  ++failures_;
  // Retry-After to any other status, or to an event that failed alone before, delays that event only.
  const bool is_asked = request.kind != Kind::alone && (outcome.is_limited() || outcome.is_overloaded());
  const Millis asked_for = is_asked ? outcome.retry_after.value_or(Millis{0}) : Millis{0};
  const SteadyTime asked = now + std::min(asked_for, params_.retry_after_max);
  const bool is_in_vain = asked_in_vain_ && asked - now > params_.longest;
  const bool asks_to_wait =
      request.kind == Kind::fresh && is_asked && (outcome.is_limited() || outcome.retry_after) && !is_in_vain;
  if (was_probe && test_ && now < test_->until) {
    test_failed(request.kind, now, asked);
  } else if (was_probe || (!is_backing_off() && (asks_to_wait || failures_ >= kFailuresMax))) {
    back_off(now, asked);
  } else if (is_backing_off()) {
    wait(now, retry_at_, asked);
  }
}

// Full jitter: the back-off is evenly distributed over (0, min(max, first · 2^(n − 1))].
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
void Pace::back_off(SteadyTime now, SteadyTime asked) {
  const int doublings = std::min(backoffs_++, 30);
  const SteadyTime ceiling =
      std::min<SteadyTime>(params_.longest, SteadyTime{params_.first} * (int64_t{1} << doublings));
  const SteadyTime chosen{1 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(ceiling.count())))};
  window_ = 1;
  test_.reset();
  wait(now, now + chosen, asked);
}

// Waits until `chosen`, or as long as the receiver has asked for if that is longer.
void Pace::wait(SteadyTime now, SteadyTime chosen, SteadyTime asked) {
  if (test_) {
    test_->until = std::max(test_->until, asked);
  } else if (asked > std::max(chosen, now + params_.longest)) {
    test_ = Test{.until = asked};
    retry_at_ = alone_at_ = std::max(chosen, now + params_.longest);
  } else {
    retry_at_ = alone_at_ = std::max(chosen, asked);
  }
}

void Pace::test_failed(Kind kind, SteadyTime now, SteadyTime asked) {
  ++backoffs_;
  test_->until = std::max(test_->until, asked);
  alone_at_ = test_->until;
  if (kind == Kind::alone) return;  // this event is known to fail; others may be tried at once
  if (kind == Kind::piece && !test_->piece_failed) {
    test_->piece_failed = true;
    retry_at_ = now + params_.longest;
    return;
  }
  retry_at_ = test_->until;
  test_.reset();
  asked_in_vain_ = false;
}

void Pace::forgive() {
  failures_ = 0;
  backoffs_ = 0;
  probe_.reset();
  test_.reset();
}

std::optional<SteadyTime> Pace::next_lent_at(SteadyTime now) const {
  for (const auto& [_, request] : in_flight_) {
    if (const SteadyTime at = request.began + slow_after(); at > now) return at;
  }
  return std::nullopt;
}

}  // namespace vf::retry
