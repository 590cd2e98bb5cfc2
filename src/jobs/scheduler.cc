#include "jobs/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vf::jobs {
namespace {

using store::RunState;

constexpr Millis kRetry{1'000};           // after a write that the store did not answer
constexpr Millis kRecordBefore{2'000};    // a timeout is recorded at least so long before the claim expires
constexpr Millis kClockWentBack{60'000};  // a tick handled so far ahead was handled by a clock that was ahead

bool is_conflict(const Error& error) { return error.code == Code::conflict || error.code == Code::not_found; }

std::string seconds(SteadyTime time) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

struct Ending {
  RunState state;
  std::string error;
};

// What is recorded of a run whose function has returned.
Ending ending(const Job& job, const Context::End& end) {
  if (end.result && *end.result == Finish::complete) return {RunState::done, {}};
  const std::string error = end.result ? std::string{} : end.result.error().message;
  const auto with = [&error](std::string text) { return error.empty() ? text : text + ": " + error; };
  switch (end.why) {
    case Cancel::none:
      return {RunState::failed, error.empty() ? "the job ended before its work was complete" : error};
    case Cancel::stop:
      return {RunState::stopped, error};
    case Cancel::timeout:
      return {RunState::timeout, with("cancelled after " + seconds(job.timeout))};
    case Cancel::shutdown:
      return {job.resumable ? RunState::waiting : RunState::stopped, with("the process was shut down")};
    case Cancel::lost:
      return {job.resumable ? RunState::waiting : RunState::lost, with("its claim could not be renewed in time")};
  }
  return {RunState::failed, error};
}

}  // namespace

Uuid time_ordered_id(Instant time, Random& random) {
  Uuid id;
  const auto ms = static_cast<uint64_t>(unix_millis(time));
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  for (size_t i = 6; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(random.next());
  id.bytes[6] = static_cast<uint8_t>(0x70 | (id.bytes[6] & 0x0f));
  id.bytes[8] = static_cast<uint8_t>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

Scheduler::Scheduler(Params params) : params_(std::move(params)) {
  for (auto& job : params_.jobs) {
    entries_.push_back({.job = std::move(job)});
    entries_.back().state.name = entries_.back().job.name;
  }
  publish(params_.clock.steady());
}

Millis Scheduler::step() {
  const SteadyTime steady = params_.clock.steady();
  const bool look = look_.exchange(false);
  for (auto& entry : entries_) {
    if (look) entry.next_write = std::min(entry.next_write, steady);
    if (entry.context) attend(entry, steady);
  }
  if (look || steady >= next_poll_) poll(steady);
  if (const auto time = now(); time && !shutting_down_) {
    for (size_t i = 0; i < entries_.size(); ++i) claim_if_due(i, *time);
  }
  publish(steady);
  return pause(params_.clock.steady());
}

void Scheduler::poll(SteadyTime steady) {
  next_poll_ = steady + kPoll;
  const auto reading = params_.time();
  if (!reading) return;
  time_.take(*reading, params_.clock.steady());
  const auto waiting = params_.reads.waiting_jobs(reading->wall);
  if (!waiting) return;
  for (auto& entry : entries_)
    note_waiting(entry, std::ranges::find(*waiting, entry.job.name) != waiting->end(), steady);
  const bool reads = std::ranges::any_of(
      entries_, [&](const Entry& entry) { return !entry.handled || has_waited_long(entry, steady); });
  if (reads) (void)read_last_runs(*now());  // a store that does not answer is asked again at the next poll
}

void Scheduler::note_waiting(Entry& entry, bool waits, SteadyTime steady) {
  entry.waits = waits;
  if (!waits || entry.context) {
    entry.waits_since.reset();
  } else if (!entry.waits_since) {
    entry.waits_since = steady;
  }
}

bool Scheduler::has_waited_long(const Entry& entry, SteadyTime steady) const {
  return entry.waits_since && steady - *entry.waits_since > kLateAfter;
}

// Takes over what other processes did. Returns false when the store does not answer.
bool Scheduler::read_last_runs(Instant time) {
  const auto last = params_.reads.last_runs();
  if (!last) return false;
  for (auto& entry : entries_) {
    const auto found = std::ranges::find(*last, entry.job.name, &store::JobRuns::job);
    const bool known = found != last->end();
    entry.elsewhere = known && found->running && !entry.context;
    if (entry.elsewhere && entry.waits_since) entry.waits_since = params_.clock.steady();  // for that run
    if (known && found->succeeded_at) entry.state.succeeded_at = found->succeeded_at;
    auto due = known ? found->due : std::nullopt;
    if (due && *due > time + kClockWentBack) due.reset();  // a clock that was ahead stored it
    // A job that never ran begins with its next tick.
    entry.handled = std::max(entry.handled.value_or(due.value_or(time)), due.value_or(Instant::min()));
  }
  return true;
}

// Returns the tick for which a run is due now, if there is one.
std::optional<Instant> Scheduler::due_tick(Entry& entry, Instant time) {
  const Job& job = entry.job;
  if (job.schedule.is_on_demand() || !entry.handled) return std::nullopt;
  if (*entry.handled > time + kClockWentBack) entry.handled = time;
  std::optional<Instant> tick;
  if (job.catch_up == CatchUp::all) {
    const auto ticks = job.schedule.between(*entry.handled, time, kCatchUpMax);
    if (ticks.size() > 1 && time_.is_in_doubt()) return std::nullopt;
    if (!ticks.empty()) tick = ticks.front();
  } else {
    tick = job.schedule.last_up_to(time);
  }
  if (!tick || *tick <= *entry.handled) return std::nullopt;
  if (job.catch_up == CatchUp::none && time - *tick > job.jitter + kLateAfter) {
    entry.handled = *tick;  // missed
    return std::nullopt;
  }
  if (entry.drawn_for != tick) {
    entry.drawn_for = tick;
    entry.offset = Millis{static_cast<int64_t>(params_.random.below(static_cast<uint64_t>(job.jitter.count()) + 1))};
  }
  return time >= *tick + entry.offset ? tick : std::nullopt;
}

// Before a scheduled run is claimed, the table is read: where several processes share a database, all but one find the
// tick handled, and write nothing.
void Scheduler::claim_if_due(size_t index, Instant time) {
  Entry& entry = entries_[index];
  if (entry.context || params_.clock.steady() < entry.not_before) return;
  auto tick = due_tick(entry, time);
  if (!tick && !entry.waits) return;
  if (tick && !entry.waits) {
    const bool read = read_last_runs(time);
    if (read) tick = due_tick(entry, time);
    if (read && !tick) return;
    if (!read || entry.elsewhere) {
      entry.not_before = params_.clock.steady() + kRetry;
      return;
    }
  }
  entry.waits = false;
  if (!claim(index, tick)) entry.not_before = params_.clock.steady() + kRetry;
}

// Returns whether a run began.
bool Scheduler::claim(size_t index, std::optional<Instant> due) {
  Entry& entry = entries_[index];
  const SteadyTime asked = params_.clock.steady();
  const Instant time = *now();
  auto result = params_.writer.write(store::ClaimRun{.id = time_ordered_id(time, params_.random),
                                                     .job = entry.job.name,
                                                     .holder = params_.holder,
                                                     .span = kClaimSpan,
                                                     .due = due,
                                                     .resumable = entry.job.resumable});
  const auto* claimed = result ? std::get_if<store::RunClaimed>(&*result) : nullptr;
  if (!claimed || !claimed->run) return false;
  const store::Run& run = *claimed->run;
  entry.waits_since.reset();
  if (run.due) entry.handled = std::max(entry.handled.value_or(*run.due), *run.due);
  entry.context = std::make_shared<Context>(Context::Params{
      .run = run, .clock = params_.clock, .deadline = asked + entry.job.timeout, .claimed_until = asked + kClaimSpan});
  entry.began = asked;
  entry.next_write = asked + kClaimSpan / 3;
  entry.recorded = entry.record_failed = false;
  if (run.stop_wanted) entry.context->cancel(Cancel::stop);
  params_.begin(index, entry.context);
  return true;
}

void Scheduler::attend(Entry& entry, SteadyTime steady) {
  if (const auto end = entry.context->ended()) {
    if (entry.recorded) {
      close(entry);
      entry.state.hung = false;
    } else if (!entry.record_failed || steady >= entry.next_write) {
      record(entry, *end, steady);
    }
    return;
  }
  if (entry.recorded) return;
  if (shutting_down_) entry.context->cancel(Cancel::shutdown);
  if (steady >= entry.context->deadline()) {
    entry.context->cancel(Cancel::timeout);
    if (steady >= entry.context->claimed_until() - kRecordBefore && steady >= entry.next_write) {
      record_timeout(entry, steady);
    }
  } else if (steady >= entry.next_write) {
    renew(entry, steady);
  }
}

void Scheduler::renew(Entry& entry, SteadyTime steady) {
  auto result = params_.writer.write(store::UpdateRun{.id = entry.context->run().id,
                                                      .holder = params_.holder,
                                                      .span = kClaimSpan,
                                                      .progress = entry.context->progress()});
  if (!result) {
    if (is_conflict(result.error())) entry.context->cancel(Cancel::lost);
    entry.next_write = steady + kRetry;
    return;
  }
  entry.context->renew(steady + kClaimSpan);
  entry.next_write = steady + kClaimSpan / 3;
  const auto* renewed = std::get_if<store::RunRenewed>(&*result);
  if (renewed && renewed->stop_wanted) entry.context->cancel(Cancel::stop);
}

Result<void> Scheduler::write_end(const Entry& entry, RunState state, const std::string& error) {
  VF_TRY(params_.writer.write(store::EndRun{.id = entry.context->run().id,
                                            .holder = params_.holder,
                                            .state = state,
                                            .progress = entry.context->progress(),
                                            .error = error}));
  return {};
}

// An outcome that the store does not take is written again. Until then the job has no other run here.
void Scheduler::record(Entry& entry, const Context::End& end, SteadyTime steady) {
  auto [state, error] = ending(entry.job, end);
  const auto written = write_end(entry, state, error);
  entry.record_failed = !written && !is_conflict(written.error());
  if (entry.record_failed) {
    entry.next_write = steady + kRetry;
    return;
  }
  if (!written) {
    state = RunState::lost;
    error = "another process has claimed the run";
  }
  report(entry, state, error);
  close(entry);
}

// The next run may wait already: this step looks for it, or a queue of short runs would shrink by one a poll.
void Scheduler::close(Entry& entry) {
  entry.context.reset();
  next_poll_ = params_.clock.steady();
}

// The function ignores its deadline. The outcome is recorded while the claim holds; a later write would be refused.
void Scheduler::record_timeout(Entry& entry, SteadyTime steady) {
  const std::string error =
      fmt::format("cancelled after {}, and the work has not ended since", seconds(entry.job.timeout));
  const auto written = write_end(entry, RunState::timeout, error);
  if (!written && !is_conflict(written.error())) {
    entry.next_write = steady + kRetry;
    return;
  }
  entry.recorded = true;
  entry.state.hung = true;
  report(entry, RunState::timeout, error);
}

void Scheduler::report(Entry& entry, RunState state, const std::string& error) {
  const bool is_fine = state == RunState::done || state == RunState::stopped || state == RunState::waiting;
  entry.state.last_error = is_fine ? std::string{} : error;
  if (state == RunState::done) entry.state.succeeded_at = now();
  params_.on_end({.job = entry.job,
                  .run = entry.context->run(),
                  .state = state,
                  .error = error,
                  .took = params_.clock.steady() - entry.began});
}

bool Scheduler::is_late(const Entry& entry, Instant time, SteadyTime steady) const {
  if (entry.elsewhere) return false;
  if (entry.context && !entry.recorded && steady < entry.context->deadline()) return false;
  if (has_waited_long(entry, steady)) return true;
  if (!entry.handled) return false;
  const auto tick = entry.job.schedule.next_after(*entry.handled);
  return tick && time - *tick > entry.job.jitter + kLateAfter;
}

void Scheduler::publish(SteadyTime steady) {
  const auto time = now();
  std::vector<State> states;
  bool idle = true;
  for (auto& entry : entries_) {
    entry.state.late = time && is_late(entry, *time, steady);
    states.push_back(entry.state);
    idle = idle && (!entry.context || entry.recorded);
  }
  const std::lock_guard lock(mutex_);
  published_ = std::move(states);
  idle_ = idle;
}

Millis Scheduler::pause(SteadyTime steady) const {
  SteadyTime next = next_poll_;
  const auto time = now();
  for (const auto& entry : entries_) {
    if (entry.context && !entry.recorded) next = std::min({next, entry.next_write, entry.context->deadline()});
    if (entry.context || shutting_down_ || !time || !entry.handled) continue;
    const auto tick = entry.job.schedule.next_after(std::max(*entry.handled, *time));
    if (tick) next = std::min<SteadyTime>(next, steady + (*tick - *time));
    if (entry.drawn_for > entry.handled)
      next = std::min<SteadyTime>(next, steady + (*entry.drawn_for + entry.offset - *time));
  }
  return std::clamp(std::chrono::ceil<Millis>(next - steady), Millis{1}, kPoll);
}

bool Scheduler::is_idle() const {
  const std::lock_guard lock(mutex_);
  return idle_;
}

std::vector<Scheduler::State> Scheduler::states() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::string Scheduler::alarm() const {
  std::string text;
  const auto add = [&text](const State& state, std::string_view what) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", state.name, what);
  };
  for (const auto& state : states()) {
    if (state.hung) {
      add(state, "has not ended since it was cancelled at its deadline");
    } else if (state.late) {
      add(state, "is late");
    }
    if (!state.last_error.empty() && !state.hung) add(state, "failed: " + state.last_error);
  }
  return text;
}

}  // namespace vf::jobs
