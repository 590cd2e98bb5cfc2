// Job: work that is done again and again, or when a person asks for it, as a row of a table: when it is due, how long a
// run may take, and the function that does it. A value; the tables are in app/hub_jobs.cc, app/environment_jobs.cc and
// app/process_jobs.cc.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "jobs/context.h"
#include "jobs/schedule.h"

namespace vf::jobs {

/// What becomes of ticks that passed while no process could run the job. none: they are skipped (a run that is late by
/// no more than kLateAfter still takes place). once: one run makes up for all of them. all: each has its run, the
/// oldest first, up to kCatchUpMax of the newest.
enum class CatchUp { none, once, all };

inline constexpr size_t kCatchUpMax = 100;

/// A job is late when a tick is overdue by more than this and the job's jitter, or a run waits for longer than this,
/// and no run is under way.
inline constexpr Millis kLateAfter{60'000};

struct Job {
  /// Lower case with dashes; the name in the table of runs and in metrics.
  std::string name;
  Schedule schedule = Schedule::on_demand();
  /// Each scheduled run begins up to this long after its tick, by chance.
  Millis jitter{0};
  /// A run is cancelled after this long. It counts anew when another process resumes the run.
  Millis timeout{60'000};
  CatchUp catch_up = CatchUp::once;
  /// A run whose holder vanished or was shut down waits to be claimed again, with its progress. Otherwise it is lost
  /// or stopped.
  bool resumable = false;
  /// The process asks for a run when it starts.
  bool at_start = false;
  /// Checks the parameters of a requested run, a JSON object. Empty: the job takes none.
  std::function<Result<void>(const std::string& parameters)> check = {};
  /// Does the work, on the job's own thread. After an error the next run is the next tick's.
  std::function<Result<Finish>(Context&)> run;
};

}  // namespace vf::jobs
