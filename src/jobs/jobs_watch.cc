#include "jobs/jobs_watch.h"

#include <fmt/format.h>

#include <utility>

namespace vf::jobs {

JobsWatch::JobsWatch(Params params) : params_(std::move(params)) {
  for (const auto& job : params_.jobs.all()) {
    params_.services.metrics.gauge("vf_job_late", "1 while a run of a job is overdue.",
                                   {{"job", job.name}, {"environment", params_.environment}},
                                   [this, name = job.name] { return is_late(name) ? 1.0 : 0.0; });
  }
  params_.services.health.report(params_.name, [this] { return alarm(); });
}

bool JobsWatch::is_late(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  return late_.contains(job);
}

std::string JobsWatch::alarm() {
  read_if_due();
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& job : late_) text += fmt::format("{}{} is late", text.empty() ? "" : "; ", job);
  return text;
}

// Reads without the lock, for which metrics would wait. A store that does not answer has a check of its own.
void JobsWatch::read_if_due() {
  const SteadyTime steady = params_.services.clock.steady();
  {
    const std::lock_guard lock(mutex_);
    if (steady < next_read_) return;
    next_read_ = steady + kReadEvery;
  }
  const auto jobs = params_.jobs.list();
  if (!jobs) return;
  std::set<std::string> late;
  for (const auto& job : *jobs) {
    if (job.late) late.insert(job.name);
  }
  const std::lock_guard lock(mutex_);
  late_ = std::move(late);
}

}  // namespace vf::jobs
