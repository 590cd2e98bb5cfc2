#include "store/run_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::store {
namespace {

constexpr int kSpansAheadMax = 10;

bool is_final(RunState state) { return state != RunState::waiting && state != RunState::running; }

bool has_counts(const RunCounts& counts) {
  return std::ranges::any_of(counts, [](const auto& count) { return count.second != 0; });
}

bool is_held_by(const RunRow& row, const std::string& holder) {
  return row.run.state == RunState::running && row.run.holder == holder;
}

Error not_held(Uuid id, const std::optional<RunRow>& row) {
  if (!row) return conflict(fmt::format("run {} is gone", id.to_string()));
  return conflict(fmt::format("run {} of {} is {}, its holder is {}", id.to_string(), row->run.job,
                              to_string(row->run.state), row->run.holder.empty() ? "no process" : row->run.holder));
}

bool is_failure(RunState state) {
  return state == RunState::failed || state == RunState::timeout || state == RunState::lost;
}

/// Takes a run from its holder, or from the queue: it ends, or it waits again.
Result<void> leave(RunRows& rows, RunRow& row, RunState state) {
  Run& run = row.run;
  run.state = state;
  row.renewed_at = row.lease_until = {};
  if (!is_final(state)) return {};
  run.ended_at = rows.now();
  if (state == RunState::done) return {};
  VF_ASSIGN(const auto before, rows.last_ended(run.job));
  if (before) {
    run.failures = before->run.failures;
    run.failing_since = before->run.failing_since;
  }
  if (!is_failure(state)) return {};
  ++run.failures;
  if (!run.failing_since) run.failing_since = run.ended_at;
  return {};
}

Result<std::shared_ptr<const Run>> claim(RunRows& rows, RunRow row, const ClaimRun& write) {
  const Instant now = rows.now();
  row.run.state = RunState::running;
  row.run.holder = write.holder;
  if (!row.run.started_at) row.run.started_at = now;
  row.renewed_at = now;
  row.lease_until = now + write.span;
  if (row.run.number == 0) {
    VF_ASSIGN(row.run.number, rows.add(row));
  } else {
    VF_TRY(rows.update(row));
  }
  return std::make_shared<const Run>(std::move(row.run));
}

Result<void> take_from_holder(RunRows& rows, RunRow row, bool resumable) {
  if (!resumable) {
    row.run.error = fmt::format("{} has not renewed its claim, and the job cannot be resumed", row.run.holder);
    VF_TRY(leave(rows, row, RunState::lost));
  } else {
    VF_TRY(leave(rows, row, row.run.stop_wanted ? RunState::stopped : RunState::waiting));
  }
  return rows.update(row);
}

class Rules {
 public:
  explicit Rules(RunRows& rows) : rows_(rows) {}

  Result<RunResult> operator()(const RequestRun& write) {
    if (write.alone) {
      VF_ASSIGN(auto other, rows_.running(write.job));
      if (!other) {
        VF_ASSIGN(other, rows_.first_waiting(write.job));
      }
      if (other) {
        return conflict(fmt::format("a run of {} is {} already: {}", write.job, to_string(other->run.state),
                                    other->run.id.to_string()));
      }
    }
    VF_ASSIGN(const auto waiting, rows_.count_waiting(write.job));
    if (waiting >= kWaitingRunsMax) return conflict(fmt::format("{} runs of {} wait already", waiting, write.job));
    VF_ASSIGN(const auto same, rows_.find(write.id));
    if (same) return conflict(fmt::format("there is a run {} already", write.id.to_string()));
    RunRow row;
    row.run.id = write.id;
    row.run.job = write.job;
    row.run.parameters = write.parameters;
    row.run.asked_by = write.asked_by;
    row.run.asked_at = rows_.now();
    VF_TRY(rows_.add(row));
    return RunResult{Written{}};
  }

  Result<RunResult> operator()(const ClaimRun& write) {
    VF_ASSIGN(const auto running, rows_.running(write.job));
    if (running && !is_expired(*running, rows_.now())) return RunResult{RunClaimed{}};
    if (running) VF_TRY(take_from_holder(rows_, *running, write.resumable));
    VF_ASSIGN(auto row, rows_.first_waiting(write.job));
    if (!row) {
      if (!write.due) return RunResult{RunClaimed{}};
      VF_ASSIGN(const auto latest, rows_.latest_due(write.job, std::max(rows_.now(), *write.due)));
      if (latest && *latest >= *write.due) return RunResult{RunClaimed{}};
      row.emplace();
      row->run.id = write.id;
      row->run.job = write.job;
      row->run.due = write.due;
      row->run.asked_at = rows_.now();
    }
    VF_ASSIGN(auto run, claim(rows_, std::move(*row), write));
    return RunResult{RunClaimed{std::move(run)}};
  }

  Result<RunResult> operator()(const UpdateRun& write) {
    VF_ASSIGN(auto row, rows_.find(write.id));
    if (!row || !is_held_by(*row, write.holder)) return not_held(write.id, row);
    row->renewed_at = rows_.now();
    row->lease_until = rows_.now() + write.span;
    if (write.progress) row->run.progress = *write.progress;
    VF_TRY(rows_.renew(*row));
    return RunResult{RunRenewed{.stop_wanted = row->run.stop_wanted}};
  }

  Result<RunResult> operator()(const EndRun& write) {
    if (write.state == RunState::running) return invalid("a run does not end in the state running");
    VF_ASSIGN(auto row, rows_.find(write.id));
    const bool stops = row && write.state == RunState::waiting && row->run.stop_wanted;
    const RunState state = stops ? RunState::stopped : write.state;
    const bool is_repetition = row && row->run.state == state && row->run.holder == write.holder;
    if (is_repetition) return RunResult{Written{}};
    if (!row || !is_held_by(*row, write.holder)) return not_held(write.id, row);
    row->run.progress = write.progress;
    row->run.error = write.error;
    VF_TRY(leave(rows_, *row, state));
    row->is_idle = state == RunState::done && row->run.due && !has_counts(write.progress.counts);
    VF_TRY(rows_.update(*row));
    if (row->is_idle) {
      VF_TRY(rows_.remove_idle(row->run.job, *row->run.due));
    } else if (is_final(state)) {
      VF_TRY(rows_.remove_beyond(row->run));
    }
    return RunResult{Written{}};
  }

  Result<RunResult> operator()(const StopRun& write) {
    VF_ASSIGN(auto row, rows_.find(write.id));
    if (!row) return not_found(fmt::format("there is no run {}", write.id.to_string()));
    if (is_final(row->run.state)) {
      return conflict(
          fmt::format("run {} of {} has ended: {}", write.id.to_string(), row->run.job, to_string(row->run.state)));
    }
    row->run.stop_wanted = true;
    const bool is_held = row->run.state == RunState::running && !is_expired(*row, rows_.now());
    if (!is_held) VF_TRY(leave(rows_, *row, RunState::stopped));
    VF_TRY(rows_.update(*row));
    return RunResult{Written{}};
  }

  Result<RunResult> operator()(const PurgeRuns& write) {
    VF_ASSIGN(const auto removed, rows_.purge(write));
    return RunResult{RowsRemoved{.removed = removed}};
  }

 private:
  RunRows& rows_;
};

}  // namespace

bool is_expired(const RunRow& row, Instant now) {
  return row.lease_until <= now || row.lease_until > now + kSpansAheadMax * (row.lease_until - row.renewed_at);
}

void add_runs(std::vector<JobRuns>& jobs, std::vector<Run> runs, std::optional<Run> JobRuns::* member) {
  for (Run& run : runs) {
    const auto job = std::ranges::find(jobs, run.job, &JobRuns::job);
    if (job != jobs.end()) (*job).*member = std::move(run);
  }
}

Result<RunResult> write_run(RunRows& rows, const RunWrite& write) { return std::visit(Rules(rows), write); }

}  // namespace vf::store
