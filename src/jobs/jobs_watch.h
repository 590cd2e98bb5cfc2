// JobsWatch: the alarm of jobs that other processes run: whether they are late, as the store shows it, in metrics and
// in a health check that never makes the process unready. The check reads the store, every few seconds at most. Thread
// safe.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "jobs/jobs.h"
#include "obs/services.h"

namespace vf::jobs {

class JobsWatch {
 public:
  static constexpr Millis kReadEvery{5'000};

  struct Params {
    std::string environment;  // whose jobs these are
    std::string name;         // of the health check
    const Jobs& jobs;
    obs::Services services;
  };
  explicit JobsWatch(Params params);

 private:
  std::string alarm();
  bool is_late(const std::string& job) const;
  void read_if_due();

  const Params params_;
  mutable std::mutex mutex_;
  SteadyTime next_read_{0};     // guarded by mutex_, as is late_
  std::set<std::string> late_;  // as the store showed it last
};

}  // namespace vf::jobs
