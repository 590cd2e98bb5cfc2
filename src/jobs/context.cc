#include "jobs/context.h"

#include <algorithm>
#include <utility>

namespace vf::jobs {
namespace {

constexpr Millis kCheck{100};  // how often wait() looks at the clock

}  // namespace

Context::Context(Params params)
    : params_(std::move(params)), claimed_until_(params_.claimed_until), progress_(params_.run.progress) {}

// A claim that could not be renewed counts as lost by itself, so that the work ends even while the supervising thread
// waits for the store. The same holds for the deadline.
Cancel Context::why_locked() const {
  if (cancel_ == Cancel::lost) return Cancel::lost;
  const SteadyTime now = params_.clock.steady();
  if (now >= claimed_until_) return Cancel::lost;
  if (cancel_ != Cancel::none) return cancel_;
  return now >= params_.deadline ? Cancel::timeout : Cancel::none;
}

Cancel Context::why() const {
  const std::lock_guard lock(mutex_);
  return why_locked();
}

bool Context::wait(Millis at_most) const {
  const SteadyTime end = params_.clock.steady() + at_most;
  std::unique_lock lock(mutex_);
  while (why_locked() == Cancel::none) {
    const SteadyTime left = end - params_.clock.steady();
    if (left <= SteadyTime{0}) return true;
    changed_.wait_for(lock, std::min<SteadyTime>(left, kCheck));
  }
  return false;
}

void Context::report(store::RunProgress progress) {
  const std::lock_guard lock(mutex_);
  progress_ = std::move(progress);
}

void Context::cancel(Cancel why) {
  const std::lock_guard lock(mutex_);
  if (cancel_ == Cancel::none || why == Cancel::lost) cancel_ = why;
  changed_.notify_all();
}

void Context::renew(SteadyTime claimed_until) {
  const std::lock_guard lock(mutex_);
  claimed_until_ = claimed_until;
}

SteadyTime Context::claimed_until() const {
  const std::lock_guard lock(mutex_);
  return claimed_until_;
}

store::RunProgress Context::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Context::end(Result<Finish> result) {
  const std::lock_guard lock(mutex_);
  end_ = End{.result = std::move(result), .why = why_locked()};
}

std::optional<Context::End> Context::ended() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

}  // namespace vf::jobs
