#include "target_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace vf::simulation {
namespace {

constexpr std::array kStatuses{400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 451, 500, 501, 502, 503, 504, 302, 0};

std::string describe(const Failure& failure) {
  if (failure.hangs) return "no answer";
  std::string text = failure.status == 0 ? "a reset" : fmt::format("{}", failure.status);
  if (failure.retry_after_s) text += fmt::format(" with Retry-After {}", *failure.retry_after_s);
  return text;
}

}  // namespace

TargetModel::TargetModel(Random& random, Params params) : random_(random), latency_(1 + random.below(20)) {
  if (random_.below(8) == 0) {
    draw_long_retry_after(params.events);
    return;
  }
  draw_faulty(params.events);
  if (params.may_have_weather) draw_weather();
}

// The hardest case of one faulty event: its answer is that of a receiver that asks for an hour.
void TargetModel::draw_long_retry_after(uint64_t events) {
  fault_ = {.status = random_.below(2) == 0 ? 429 : 503, .retry_after_s = 3'600};
  faulty_.insert(random_.below(events));
  is_fair_ = true;
  description_ = fmt::format("1 of {} events answered with {}", events, describe(fault_));
}

Failure TargetModel::any_failure() {
  if (random_.below(6) == 0) return {.hangs = true};
  Failure failure{.status = kStatuses[random_.below(kStatuses.size())]};
  constexpr std::array kRetryAfters{0, 1, 2, 3, 600, 3'600};
  if (failure.status >= 400 && random_.below(3) == 0) {
    failure.retry_after_s = kRetryAfters[random_.below(kRetryAfters.size())];
  }
  return failure;
}

void TargetModel::draw_faulty(uint64_t events) {
  fault_ = any_failure();
  const auto mark = [&](double share) {
    for (uint64_t i = 0; i < events; ++i) {
      if (random_.unit() < share) faulty_.insert(i);
    }
  };
  switch (random_.below(6)) {
    case 0:
      break;
    case 1:
      faulty_.insert(random_.below(events));
      break;
    case 2:
      mark(0.01);
      break;
    case 3:
      mark(0.3);
      break;
    case 4: {
      const uint64_t first = random_.below(events);
      for (uint64_t i = first; i < std::min(events, first + 50); ++i) faulty_.insert(i);
      break;
    }
    default:
      for (uint64_t i = 0; i < events; ++i) {
        if (random_.below(50) == 0) reluctant_[i] = 1 + static_cast<int>(random_.below(6));
      }
  }
  description_ = fmt::format("{} of {} events answered with {}, {} reluctant", faulty_.size(), events, describe(fault_),
                             reluctant_.size());
}

void TargetModel::draw_weather() {
  weather_failure_ = any_failure();
  down_from_ = Millis{static_cast<int64_t>(random_.below(30'000))};
  down_for_ = Millis{static_cast<int64_t>(random_.below(60'000))};
  period_ = Millis{50 + static_cast<int64_t>(random_.below(random_.below(2) == 0 ? 2'000 : 60'000))};
  probability_ = 0.05 + random_.unit() * 0.45;
  rate_ = 5 + random_.unit() * 25;
  weather_ = static_cast<Weather>(random_.below(7));
  is_fair_ = weather_ == Weather::healthy;
  has_quota_ = weather_ == Weather::quota;
  switch (weather_) {
    case Weather::healthy:
      break;
    case Weather::down:
      description_ +=
          fmt::format("; down for {} ms with {}", down_for_.count() / 1'000'000, describe(weather_failure_));
      break;
    case Weather::flapping:
      description_ +=
          fmt::format("; flapping every {} ms with {}", period_.count() / 1'000'000, describe(weather_failure_));
      break;
    case Weather::errors:
      weather_failure_ = {.status = 503};
      description_ += fmt::format("; {:.2f} random 503", probability_);
      break;
    case Weather::limited:
      weather_failure_ = {.status = random_.below(2) == 0 ? 429 : 503};
      if (random_.below(2) == 0) weather_failure_.retry_after_s = 1;
      description_ += fmt::format("; limited to {:.0f}/s with {}", rate_, describe(weather_failure_));
      break;
    case Weather::quota:
      weather_failure_ = {.status = random_.below(2) == 0 ? 429 : 503};
      quota_ = 1 + random_.below(200);
      period_ = std::chrono::minutes{1 + random_.below(20)};
      description_ += fmt::format("; {} requests in {} s, then {}", quota_, period_.count() / 1'000'000'000,
                                  describe(weather_failure_));
      break;
    case Weather::bad_backend:
      description_ += fmt::format("; one backend in {:.2f} of requests: {}", probability_, describe(weather_failure_));
      break;
  }
}

std::optional<Failure> TargetModel::weather_fault(SteadyTime now) {
  switch (weather_) {
    case Weather::healthy:
      return std::nullopt;
    case Weather::down:
      return now >= down_from_ && now < down_from_ + down_for_ ? std::optional(weather_failure_) : std::nullopt;
    case Weather::flapping:
      return (now / period_) % 2 == 0 ? std::optional(weather_failure_) : std::nullopt;
    case Weather::errors:
    case Weather::bad_backend:
      return random_.unit() < probability_ ? std::optional(weather_failure_) : std::nullopt;
    case Weather::limited:
      tokens_ = std::min(tokens_ + rate_ * static_cast<double>((now - refilled_).count()) / 1e9, rate_);
      refilled_ = now;
      if (tokens_ < 1) return weather_failure_;
      tokens_ -= 1;
      return std::nullopt;
    case Weather::quota:
      return quota_fault(now);
  }
  return std::nullopt;
}

// A request that was on its way when the receiver's answer came is not out of turn.
std::optional<Failure> TargetModel::quota_fault(SteadyTime now) {
  if (now / period_ != quota_period_) {
    quota_period_ = now / period_;
    used_ = out_of_turn_ = 0;
    asked_at_.reset();
  }
  if (used_++ < quota_) return std::nullopt;
  constexpr Millis kAnswerTakes{30};
  if (!asked_at_) asked_at_ = now;
  if (now > *asked_at_ + kAnswerTakes) out_of_turn_most_ = std::max(out_of_turn_most_, ++out_of_turn_);
  Failure failure = weather_failure_;
  const auto left = std::chrono::ceil<std::chrono::seconds>(period_ - now % period_);
  failure.retry_after_s = static_cast<int>(left.count());
  return failure;
}

TargetModel::Answer TargetModel::receive(const std::vector<uint64_t>& events, SteadyTime now) {
  ++requests_.all;
  if (events.size() == 1) ++alone_[events.front()];
  Answer answer;
  answer.after = latency_ + Millis{static_cast<int64_t>(random_.below(5))};
  answer.failure = weather_fault(now);
  const bool any_faulty = std::ranges::any_of(events, [this](uint64_t event) { return is_faulty(event); });
  if (any_faulty) ++requests_.faulty;
  if (!answer.failure && any_faulty) answer.failure = fault_;
  for (const uint64_t event : events) {
    const auto reluctant = reluctant_.find(event);
    if (answer.failure || reluctant == reluctant_.end() || reluctant->second == 0) continue;
    --reluctant->second;
    answer.failure = fault_;
  }
  if (!answer.failure) received_.insert(events.begin(), events.end());
  return answer;
}

bool TargetModel::is_faulty(uint64_t event) const { return faulty_.contains(event); }

uint64_t TargetModel::alone(uint64_t event) const {
  const auto found = alone_.find(event);
  return found == alone_.end() ? 0 : found->second;
}

}  // namespace vf::simulation
