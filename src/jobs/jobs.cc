#include "jobs/jobs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "jobs/scheduler.h"

namespace vf::jobs {
namespace {

// The claim of a holder that vanished expires, and nothing changes its row until a process claims a run of the job.
bool has_vanished(const store::Run& running, Instant now) {
  return running.claimed_until && now - *running.claimed_until > kLateAfter;
}

}  // namespace

Jobs::Jobs(Params params) : params_(std::move(params)), random_(params_.seed) {}

const Job* Jobs::find(const std::string& name) const {
  const auto found = std::ranges::find(params_.jobs, name, &Job::name);
  return found == params_.jobs.end() ? nullptr : &*found;
}

Result<std::vector<JobStatus>> Jobs::list() const {
  VF_ASSIGN(const auto last, params_.reads.last_runs());
  const Instant now = params_.clock.now();
  VF_ASSIGN(const auto waiting, params_.reads.waiting_jobs(now));
  std::vector<JobStatus> statuses;
  for (const auto& job : params_.jobs) {
    JobStatus status{.name = job.name,
                     .schedule = job.schedule.to_string(),
                     .leased = params_.leased,
                     .here = params_.here,
                     .next = job.schedule.next_after(now)};
    const auto found = std::ranges::find(last, job.name, &store::JobRuns::job);
    const store::JobRuns runs = found == last.end() ? store::JobRuns{} : *found;
    status.running = runs.running;
    status.last = runs.ended;
    status.late = is_late(job, runs, std::ranges::find(waiting, job.name) != waiting.end());
    statuses.push_back(std::move(status));
  }
  return statuses;
}

bool Jobs::is_late(const Job& job, const store::JobRuns& runs, bool waits) const {
  const Instant now = params_.clock.now();
  const bool vanished = runs.running && has_vanished(*runs.running, now);
  const bool under_way = runs.running && !vanished;
  if (has_waited_long(job.name, waits && !under_way) || vanished) return true;
  const auto due = job.schedule.next_after(runs.due.value_or(begun_));
  return due && !under_way && now - *due > job.jitter + kLateAfter;
}

bool Jobs::has_waited_long(const std::string& job, bool waits) const {
  const SteadyTime steady = params_.clock.steady();
  const std::lock_guard lock(mutex_);
  if (!waits) {
    waiting_since_.erase(job);
    return false;
  }
  return steady - waiting_since_.try_emplace(job, steady).first->second > kLateAfter;
}

Result<Uuid> Jobs::request(const Request& request) {
  const Job* job = find(request.job);
  if (job == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& each : params_.jobs) names.push_back(each.name);
    return not_found(fmt::format("there is no job {}; the jobs here are: {}", request.job, fmt::join(names, ", ")));
  }
  if (job->check) {
    VF_TRY(job->check(request.parameters));
  } else if (request.parameters != "{}") {
    return invalid(fmt::format("the job {} takes no parameters", request.job));
  }
  Uuid id;
  {
    const std::lock_guard lock(mutex_);
    id = time_ordered_id(params_.clock.now(), random_);
  }
  VF_TRY(params_.writer.write(store::RequestRun{.id = id,
                                                .job = request.job,
                                                .parameters = request.parameters,
                                                .asked_by = request.asked_by,
                                                .alone = request.alone}));
  requested();
  return id;
}

Result<void> Jobs::stop(Uuid id) {
  VF_TRY(params_.writer.write(store::StopRun{.id = id}));
  requested();
  return {};
}

void Jobs::on_request(std::function<void()> on_request) {
  const std::lock_guard lock(mutex_);
  on_request_ = std::move(on_request);
}

void Jobs::requested() const {
  const std::lock_guard lock(mutex_);
  if (on_request_) on_request_();
}

}  // namespace vf::jobs
