// Test support: makes one run of a job, on the calling thread, without a table of runs.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "jobs/job.h"

namespace vf::jobs {

struct RunNow {
  const Clock& clock;
  std::string parameters = "{}";
  store::RunProgress progress = {};  // stored by an earlier holder of the run
  std::optional<Instant> due = {};
  Cancel cancel = Cancel::none;                            // before the run begins
  std::function<bool()> stop_when = [] { return false; };  // asked whenever the clock is read
};
struct RanNow {
  Result<Finish> result;
  store::RunProgress progress;
};

/// A clock that cancels the run once a condition holds.
class StoppingClock final : public Clock {
 public:
  StoppingClock(const Clock& next, const std::function<bool()>& stop_when) : next_(next), stop_when_(stop_when) {}
  Instant now() const override { return next_.now(); }
  SteadyTime steady() const override { return stop_when_() ? SteadyTime::max() : next_.steady(); }

 private:
  const Clock& next_;
  const std::function<bool()>& stop_when_;
};

inline RanNow run_now(const Job& job, const RunNow& now) {
  const StoppingClock clock(now.clock, now.stop_when);
  store::Run run;
  run.job = job.name;
  run.due = now.due;
  run.parameters = now.parameters;
  run.state = store::RunState::running;
  run.asked_at = now.clock.now();
  run.progress = now.progress;
  Context context(
      {.run = std::move(run), .clock = clock, .deadline = SteadyTime::max(), .claimed_until = SteadyTime::max()});
  if (now.cancel != Cancel::none) context.cancel(now.cancel);
  auto result = job.run(context);
  return {.result = std::move(result), .progress = context.progress()};
}

}  // namespace vf::jobs
