// Jobs: the jobs of one database, or of this process, as operators see them: which there are, how their last runs
// ended, and what a person may ask for. Works in every process that opens the database, whether or not it runs the
// jobs. Thread safe; calls wait for the store.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "jobs/job.h"
#include "jobs/run_writer.h"

namespace vf::jobs {

struct JobStatus {
  std::string name, schedule;
  bool leased = true;  // one process of the database runs it at a time; false: every process runs its own
  bool here = false;   // this process runs it
  std::optional<store::Run> running = {}, last = {};  // last: the run that ended last
  std::optional<Instant> next = {};                   // the next tick; nullopt: on demand
  bool late = false;
};

class Jobs {
 public:
  struct Params {
    std::vector<Job> jobs;
    store::RunReads& reads;
    RunWriter& writer;
    const Clock& clock;
    uint64_t seed = 0;  // of the ids of runs
    bool leased = true;
    bool here = true;
  };
  explicit Jobs(Params params);

  const std::vector<Job>& all() const { return params_.jobs; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// A run that waits counts as late once list() has found it for kLateAfter; a job without runs, once a tick since the
  /// start of this process is overdue.
  Result<std::vector<JobStatus>> list() const;

  struct Request {
    std::string job;
    std::string parameters = "{}";  // a JSON object
    std::string asked_by;
    bool alone = false;  // refuse when a run of the job waits or is under way
  };
  /// Adds a run that waits for a process that runs the job, and returns its id. Errors: `not_found`: no such job; the
  /// message names those that there are. `invalid`: the parameters. `conflict`: too many runs of the job wait, or
  /// `alone`.
  Result<Uuid> request(const Request& request);
  Result<std::vector<store::Run>> runs(const store::RunFilter& filter) const { return params_.reads.runs(filter); }
  Result<std::optional<store::Run>> find_run(Uuid id) const { return params_.reads.find_run(id); }
  /// Asks the holder of a run to stop. Errors as of store::StopRun.
  Result<void> stop(Uuid id);

  /// `on_request` is called after each request and stop, so that this process need not wait for its next poll.
  void on_request(std::function<void()> on_request);

 private:
  const Job* find(const std::string& name) const;
  void requested() const;
  bool is_late(const Job& job, const store::JobRuns& runs, bool waits) const;
  bool has_waited_long(const std::string& job, bool waits) const;

  const Params params_;
  const Instant begun_ = params_.clock.now();
  mutable std::mutex mutex_;
  mutable std::map<std::string, SteadyTime> waiting_since_;  // by job, as list() found it; guarded by mutex_
  SeededRandom random_;                                      // guarded by mutex_, as is on_request_
  std::function<void()> on_request_;
};

}  // namespace vf::jobs
