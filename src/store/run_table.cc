#include "store/run_table.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace vf::store {
namespace {

/// Returns whether `run` ended later than `other`.
bool ended_later(const Run& run, const Run& other) {
  return std::pair(run.ended_at, run.number) > std::pair(other.ended_at, other.number);
}

Run as_read(const RunRow& row) {
  Run run = row.run;
  if (run.state == RunState::running) run.claimed_until = row.lease_until;
  return run;
}

}  // namespace

class RunTableRows final : public RunRows {
 public:
  RunTableRows(RunTable& table, Instant now) : table_(table), now_(now) {}

  Instant now() const override { return now_; }
  Result<std::optional<RunRow>> find(Uuid id) override {
    return first([&](const RunRow& row) { return row.run.id == id; });
  }
  Result<std::optional<RunRow>> running(const std::string& job) override {
    return first([&](const RunRow& row) { return row.run.job == job && row.run.state == RunState::running; });
  }
  Result<std::optional<RunRow>> first_waiting(const std::string& job) override {
    return first([&](const RunRow& row) { return row.run.job == job && row.run.state == RunState::waiting; });
  }
  Result<int64_t> count_waiting(const std::string& job) override {
    return std::ranges::count_if(table_.rows_, [&](const auto& entry) {
      return entry.second.run.job == job && entry.second.run.state == RunState::waiting;
    });
  }
  Result<std::optional<Instant>> latest_due(const std::string& job, Instant at_most) override {
    std::optional<Instant> latest;
    for (const auto& [number, row] : table_.rows_) {
      const bool counts = row.run.job == job && row.run.due && *row.run.due <= at_most;
      if (counts) latest = std::max(latest, row.run.due);
    }
    return latest;
  }
  Result<int64_t> add(const RunRow& row) override {
    RunRow added = row;
    added.run.number = ++table_.last_number_;
    table_.rows_.emplace(added.run.number, std::move(added));
    return table_.last_number_;
  }
  Result<void> update(const RunRow& row) override {
    table_.rows_.at(row.run.number) = row;
    return {};
  }
  Result<void> renew(const RunRow& row) override { return update(row); }
  Result<std::optional<RunRow>> last_ended(const std::string& job) override {
    std::optional<RunRow> last;
    for (const auto& [number, row] : table_.rows_) {
      const bool counts = row.run.job == job && row.run.ended_at;
      if (counts && (!last || ended_later(row.run, last->run))) last = row;
    }
    return last;
  }
  Result<void> remove_idle(const std::string& job, Instant due) override {
    std::erase_if(table_.rows_, [&](const auto& entry) {
      const RunRow& row = entry.second;
      return row.is_idle && row.run.job == job && *row.run.due < due;
    });
    return {};
  }
  Result<void> remove_beyond(const Run& ended) override {
    std::vector<int64_t> others;  // the newest first
    for (const auto& [number, row] : std::views::reverse(table_.rows_)) {
      const Run& run = row.run;
      const bool is_alike = run.job == ended.job && run.due.has_value() == ended.due.has_value();
      if (is_alike && run.ended_at && run.id != ended.id) others.push_back(number);
    }
    for (const int64_t number : others | std::views::drop(kEndedRunsMax - 1) | std::views::take(kEndedRunsStep)) {
      table_.rows_.erase(number);
    }
    return {};
  }
  Result<int64_t> purge(const PurgeRuns& step) override;

 private:
  template <class Wanted>
  std::optional<RunRow> first(Wanted wanted) const {
    for (const auto& [number, row] : table_.rows_) {
      if (wanted(row)) return row;
    }
    return std::nullopt;
  }

  RunTable& table_;
  const Instant now_;
};

Result<int64_t> RunTableRows::purge(const PurgeRuns& step) {
  std::set<int64_t> kept;
  for (const JobRuns& job : table_.last_runs()) {
    if (job.ended) kept.insert(job.ended->number);
    for (const auto& [number, row] : table_.rows_) {
      if (row.run.job == job.job && job.due && row.run.due == job.due) kept.insert(number);
    }
  }
  std::vector<std::pair<Instant, int64_t>> old;
  for (const auto& [number, row] : table_.rows_) {
    if (row.run.ended_at && *row.run.ended_at < step.ended_before && !kept.contains(number)) {
      old.emplace_back(*row.run.ended_at, number);
    }
  }
  std::ranges::sort(old);
  old.resize(std::min(old.size(), static_cast<size_t>(step.rows_max)));
  for (const auto& [ended_at, number] : old) table_.rows_.erase(number);
  return static_cast<int64_t>(old.size());
}

Result<RunResult> RunTable::write(const RunWrite& write, Instant now) {
  RunTableRows rows(*this, now);
  return write_run(rows, write);
}

void RunTable::keep_ended(size_t at_most) {
  std::map<std::string, std::vector<std::pair<Instant, int64_t>>> ended;
  for (const auto& [number, row] : rows_) {
    if (row.run.ended_at) ended[row.run.job].emplace_back(*row.run.ended_at, number);
  }
  for (auto& [job, runs] : ended) {
    std::ranges::sort(runs);
    for (size_t i = 0; i + at_most < runs.size(); ++i) rows_.erase(runs[i].second);
  }
}

std::vector<Run> RunTable::runs(const RunFilter& filter) const {
  std::vector<Run> found;
  for (auto at = rows_.rbegin(); at != rows_.rend() && found.size() < filter.rows_max; ++at) {
    const Run& run = at->second.run;
    if (filter.job && *filter.job != run.job) continue;
    if (filter.asked_for && run.due) continue;
    if (filter.before && run.number >= *filter.before) continue;
    found.push_back(as_read(at->second));
  }
  return found;
}

std::optional<Run> RunTable::find(Uuid id) const {
  const auto at = std::ranges::find_if(rows_, [&](const auto& entry) { return entry.second.run.id == id; });
  return at == rows_.end() ? std::nullopt : std::optional(as_read(at->second));
}

std::vector<JobRuns> RunTable::last_runs() const {
  std::map<std::string, JobRuns> jobs;
  for (const auto& [number, row] : rows_) {
    const Run& run = row.run;
    JobRuns& job = jobs[run.job];
    job.job = run.job;
    job.due = std::max(job.due, run.due);
    if (run.state == RunState::running) job.running = as_read(row);
    if (run.state == RunState::done) job.succeeded_at = std::max(job.succeeded_at, run.ended_at);
    if (run.ended_at && (!job.ended || ended_later(run, *job.ended))) job.ended = run;
  }
  std::vector<JobRuns> found;
  for (auto& [name, job] : jobs) found.push_back(std::move(job));
  return found;
}

std::vector<std::string> RunTable::waiting_jobs(Instant now) const {
  std::set<std::string> jobs;
  for (const auto& [number, row] : rows_) {
    const bool expired = row.run.state == RunState::running && is_expired(row, now);
    if (row.run.state == RunState::waiting || expired) jobs.insert(row.run.job);
  }
  return {jobs.begin(), jobs.end()};
}

}  // namespace vf::store
