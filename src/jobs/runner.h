// Runner: runs the jobs of one database, or of this process, on threads: one that supervises (scheduler.h), and one for
// each job. Publishes the jobs' metrics and a health check, which never makes the process unready. One thread
// constructs it and calls drain().
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "jobs/jobs.h"
#include "jobs/scheduler.h"
#include "obs/services.h"

namespace vf::jobs {

class Runner {
 public:
  struct Params {
    std::string environment = {};  // whose jobs these are; empty: the hub's, or the process's
    std::string name = "jobs";     // of the supervising thread and of the health check
    Jobs& jobs;
    store::RunReads& reads;
    RunWriter& writer;
    std::function<Result<TickTime::Reading>()> time;
    obs::Services services;
    std::string holder;
    uint64_t seed = 0;
  };
  explicit Runner(Params params);
  ~Runner();

  /// Cancels the runs under way, waits for at most `at_most` until their outcomes are recorded, and ends the threads; a
  /// job that ignores its cancellation is waited for without a limit. No effect when called again.
  void drain(Millis at_most);

 private:
  struct Worker;
  void supervise();
  void wake();
  void count(const Scheduler::Outcome& outcome);
  void publish();

  const Params params_;
  SeededRandom random_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;  // guarded by mutex_, as are the next two
  bool draining_ = false;
  SteadyTime end_at_{0};
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::jthread thread_;  // last: uses the other members
};

}  // namespace vf::jobs
