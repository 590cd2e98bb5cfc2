// Context: what the runner gives to the function of a job: its run, how long it may work, and how it reports progress.
// Cancelling is cooperative: the function looks at should_end() between steps that take a second or so. Thread safe:
// the job's thread and the supervising thread share it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "store/runs.h"

namespace vf::jobs {

/// Why a run is to end before its work is complete. lost: another process may have claimed the run.
enum class Cancel { none, stop, timeout, shutdown, lost };

/// How the function of a job ended. interrupted: should_end() was true before the work was complete.
enum class Finish { complete, interrupted };

class Context {
 public:
  struct Params {
    store::Run run;
    const Clock& clock;
    SteadyTime deadline;       // the run is cancelled then
    SteadyTime claimed_until;  // another process may claim the run then, unless the claim is renewed
  };
  explicit Context(Params params);

  // For the function of the job:

  /// The run as it was claimed: its parameters, and the progress that an earlier holder stored.
  const store::Run& run() const { return params_.run; }
  /// For calls that take a deadline.
  SteadyTime deadline() const { return params_.deadline; }
  bool should_end() const { return why() != Cancel::none; }
  /// For jobs that work off a backlog: after some time they end, and the next run continues.
  bool has_worked_for(Millis span) const { return params_.clock.steady() - began_ >= span; }
  /// Waits, or returns sooner when the run is to end. Returns false when it is.
  bool wait(Millis at_most) const;
  /// Replaces the progress, which is stored with the next renewal of the claim, and at the end.
  void report(store::RunProgress progress);

  // For the runner:

  struct End {
    Result<Finish> result;
    Cancel why = Cancel::none;  // why the run was to end, when it ended
  };
  /// The first reason counts, except that `lost` replaces every other.
  void cancel(Cancel why);
  Cancel why() const;
  void renew(SteadyTime claimed_until);
  SteadyTime claimed_until() const;
  store::RunProgress progress() const;
  void end(Result<Finish> result);
  /// nullopt: the function has not returned yet.
  std::optional<End> ended() const;

 private:
  Cancel why_locked() const;

  const Params params_;
  const SteadyTime began_ = params_.clock.steady();
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Cancel cancel_ = Cancel::none;
  SteadyTime claimed_until_;
  store::RunProgress progress_;
  std::optional<End> end_;
};

}  // namespace vf::jobs
