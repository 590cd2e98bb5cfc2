#include "jobs/local_runs.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace vf::jobs {

using store::Run;
using store::RunResult;
using store::RunState;
using store::Written;

namespace {

bool is_ended(const Run& run) { return run.state != RunState::waiting && run.state != RunState::running; }

bool is_idle(const Run& run) {
  return run.state == RunState::done && run.due &&
         std::ranges::all_of(run.progress.counts | std::views::values, [](int64_t count) { return count == 0; });
}

Error not_held() { return conflict("the run is not this process's any more"); }

}  // namespace

Result<RunResult> LocalRuns::write(store::RunWrite write) {
  const std::lock_guard lock(mutex_);
  return std::visit([this](const auto& one) { return apply(one); }, write);
}

LocalRuns::Row& LocalRuns::add(Run run) {
  run.number = ++last_number_;
  run.asked_at = clock_.now();
  return rows_[run.number] = {.run = std::move(run)};
}

LocalRuns::Row* LocalRuns::find(Uuid id) {
  for (auto& [number, row] : rows_) {
    if (row.run.id == id) return &row;
  }
  return nullptr;
}

LocalRuns::Row* LocalRuns::running(const std::string& job) {
  for (auto& [number, row] : rows_) {
    if (row.run.job == job && row.run.state == RunState::running) return &row;
  }
  return nullptr;
}

Result<LocalRuns::Row*> LocalRuns::held(Uuid id, const std::string& holder) {
  Row* row = find(id);
  if (row == nullptr || row->run.state != RunState::running || row->run.holder != holder) return not_held();
  return row;
}

void LocalRuns::finish(Row& row, RunState state) {
  row.run.state = state;
  row.run.ended_at = clock_.now();
  forget_old(row.run.job);
}

void LocalRuns::forget_old(const std::string& job) {
  size_t ended = 0;
  for (auto at = rows_.end(); at != rows_.begin();) {
    --at;
    const Run& run = at->second.run;
    if (run.job == job && is_ended(run) && ++ended > kEndedMax) at = rows_.erase(at);
  }
}

Result<RunResult> LocalRuns::apply(const store::RequestRun& request) {
  int64_t waiting = 0;
  for (const auto& [number, row] : rows_) {
    if (row.run.job != request.job || is_ended(row.run)) continue;
    if (request.alone) return conflict("a run of " + request.job + " waits or is under way");
    if (row.run.state == RunState::waiting) ++waiting;
  }
  if (waiting >= store::kWaitingRunsMax) return conflict("too many runs of " + request.job + " wait");
  if (find(request.id) != nullptr) return conflict("there is a run with this id");
  add({.id = request.id, .job = request.job, .parameters = request.parameters, .asked_by = request.asked_by});
  return Written{};
}

Result<RunResult> LocalRuns::apply(const store::ClaimRun& claim) {
  const Instant now = clock_.now();
  if (Row* row = running(claim.job); row != nullptr && row->lease_until <= now) {
    if (!claim.resumable) {
      finish(*row, RunState::lost);
    } else if (row->run.stop_wanted) {
      finish(*row, RunState::stopped);
    } else {
      row->run.state = RunState::waiting;
    }
  }
  if (running(claim.job) != nullptr) return store::RunClaimed{};
  Row* next = nullptr;
  bool is_covered = !claim.due;
  for (auto& [number, row] : rows_) {
    if (row.run.job != claim.job) continue;
    if (next == nullptr && row.run.state == RunState::waiting) next = &row;
    is_covered = is_covered || (row.run.due && *row.run.due >= *claim.due && *row.run.due <= now);
  }
  if (next == nullptr && is_covered) return store::RunClaimed{};
  if (next == nullptr) next = &add({.id = claim.id, .job = claim.job, .due = claim.due});
  next->run.state = RunState::running;
  next->run.holder = claim.holder;
  if (!next->run.started_at) next->run.started_at = now;
  next->lease_until = now + claim.span;
  return store::RunClaimed{.run = std::make_shared<const Run>(next->run)};
}

Result<RunResult> LocalRuns::apply(const store::UpdateRun& update) {
  VF_ASSIGN(Row * row, held(update.id, update.holder));
  row->lease_until = clock_.now() + update.span;
  if (update.progress) row->run.progress = *update.progress;
  return store::RunRenewed{.stop_wanted = row->run.stop_wanted};
}

Result<RunResult> LocalRuns::apply(const store::EndRun& end) {
  VF_ASSIGN(Row * row, held(end.id, end.holder));
  row->run.progress = end.progress;
  row->run.error = end.error;
  if (end.state == RunState::waiting && !row->run.stop_wanted) {
    row->run.state = RunState::waiting;
    return Written{};
  }
  row->run.state = end.state == RunState::waiting ? RunState::stopped : end.state;
  if (is_idle(row->run)) {
    std::erase_if(rows_, [row](const auto& other) {
      return other.first != row->run.number && other.second.run.job == row->run.job && is_idle(other.second.run);
    });
  }
  finish(*row, row->run.state);
  return Written{};
}

Result<RunResult> LocalRuns::apply(const store::StopRun& stop) {
  Row* row = find(stop.id);
  if (row == nullptr) return not_found("there is no run " + stop.id.to_string());
  if (is_ended(row->run)) return conflict("the run has ended");
  row->run.stop_wanted = true;
  if (row->run.state == RunState::waiting || row->lease_until <= clock_.now()) finish(*row, RunState::stopped);
  return Written{};
}

Result<RunResult> LocalRuns::apply(const store::PurgeRuns&) { return store::RowsRemoved{}; }

Result<std::vector<Run>> LocalRuns::runs(const store::RunFilter& filter) {
  const std::lock_guard lock(mutex_);
  std::vector<Run> found;
  for (const auto& row : rows_ | std::views::reverse | std::views::values) {
    if (found.size() >= filter.rows_max) break;
    if (filter.job && row.run.job != *filter.job) continue;
    if (filter.asked_for && row.run.due) continue;
    if (filter.before && row.run.number >= *filter.before) continue;
    found.push_back(row.run);
  }
  return found;
}

Result<std::optional<Run>> LocalRuns::find_run(Uuid id) {
  const std::lock_guard lock(mutex_);
  const Row* row = find(id);
  return row == nullptr ? std::nullopt : std::optional(row->run);
}

Result<std::vector<store::JobRuns>> LocalRuns::last_runs() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, store::JobRuns> jobs;
  for (const auto& [number, row] : rows_) {
    auto& job = jobs[row.run.job];
    job.job = row.run.job;
    if (row.run.due) job.due = std::max(job.due.value_or(*row.run.due), *row.run.due);
    if (row.run.state == RunState::running) job.running = row.run;
    if (is_ended(row.run)) job.ended = row.run;
    if (row.run.state == RunState::done) job.succeeded_at = row.run.ended_at;
  }
  std::vector<store::JobRuns> all;
  for (auto& [name, job] : jobs) all.push_back(std::move(job));
  return all;
}

Result<std::vector<std::string>> LocalRuns::waiting_jobs(Instant now) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [number, row] : rows_) {
    const bool waits =
        row.run.state == RunState::waiting || (row.run.state == RunState::running && row.lease_until <= now);
    if (waits && std::ranges::find(names, row.run.job) == names.end()) names.push_back(row.run.job);
  }
  return names;
}

}  // namespace vf::jobs
