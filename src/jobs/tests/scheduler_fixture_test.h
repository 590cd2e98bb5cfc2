// Test support: processes that share a table of runs in memory, on a clock that the test sets; no thread, no waiting.
// The test begins and ends the work of each run itself.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "jobs/local_runs.h"
#include "jobs/scheduler.h"

namespace vf::jobs {

using namespace std::chrono_literals;
using store::RunState;

/// A table of runs that can be away, and that refuses or loses the answers of writes.
struct FaultyRuns final : RunWriter, store::RunReads {
  explicit FaultyRuns(LocalRuns& rows) : table(rows) {}
  LocalRuns& table;
  bool away = false, is_read_only = false;
  int writes = 0;

  Result<store::RunResult> write(store::RunWrite write) override {
    if (away || is_read_only) return unavailable("the store is away");
    ++writes;
    return table.write(std::move(write));
  }
  Result<std::vector<store::Run>> runs(const store::RunFilter& filter) override { return table.runs(filter); }
  Result<std::optional<store::Run>> find_run(Uuid id) override { return table.find_run(id); }
  Result<std::vector<store::JobRuns>> last_runs() override {
    if (away) return unavailable("the store is away");
    return table.last_runs();
  }
  Result<std::vector<std::string>> waiting_jobs(Instant now) override {
    if (away) return unavailable("the store is away");
    return table.waiting_jobs(now);
  }
};

struct Process {
  struct Ended {
    std::string job, error;
    RunState state;
    std::optional<Instant> due;
  };
  Process(std::vector<Job> jobs, LocalRuns& table, const Clock& clock_now, const std::string& name)
      : clock(clock_now),
        runs(table),
        scheduler({.jobs = std::move(jobs),
                   .reads = runs,
                   .writer = runs,
                   .time = [this]() -> Result<TickTime::Reading> {
                     if (runs.away) return unavailable("the store is away");
                     return TickTime::Reading{.wall = clock.now(), .in_doubt = in_doubt};
                   },
                   .clock = clock,
                   .random = random,
                   .holder = name,
                   .begin =
                       [this](size_t, std::shared_ptr<Context> context) {
                         begun.push_back(context->run());
                         contexts.push_back(std::move(context));
                       },
                   .on_end =
                       [this](const Scheduler::Outcome& outcome) {
                         ended.push_back({outcome.job.name, outcome.error, outcome.state, outcome.run.due});
                       }}) {}

  /// Ends the work of the last run that began.
  void end(Result<Finish> result = Finish::complete) {
    contexts.back()->end(std::move(result));
    scheduler.step();
  }
  Context& work() { return *contexts.back(); }

  const Clock& clock;
  SeededRandom random{7};
  FaultyRuns runs;
  bool in_doubt = false;
  std::vector<store::Run> begun;
  std::vector<std::shared_ptr<Context>> contexts;
  std::vector<Ended> ended;
  Scheduler scheduler;
};

inline const Instant kStart = parse_time("2026-11-28T06:00:30Z").value();

struct SchedulerTest : testing::Test {
  Job job(const std::string& name = "job") {
    return {.name = name, .schedule = Schedule::every(1min).value(), .timeout = 1h, .run = {}};
  }
  Process& process(const Job& of, const std::string& name = "a") { return start({of}, name); }
  Process& start(std::vector<Job> jobs, const std::string& name) {
    auto made = std::make_unique<Process>(std::move(jobs), table, clock, name);
    made->scheduler.step();
    return *processes.emplace_back(std::move(made));
  }
  /// Steps every process that lives, second by second.
  void advance(Millis by) {
    for (; by > 0ms; by -= std::min<Millis>(by, 1s)) {
      clock.advance(std::min<Millis>(by, 1s));
      for (auto& one : processes) {
        if (one) one->scheduler.step();
      }
    }
  }
  /// The process vanishes without a word.
  void kill(const Process& killed) {
    std::erase_if(processes, [&killed](const auto& one) { return one.get() == &killed; });
  }
  store::Run row(Uuid id) { return table.find_run(id)->value(); }
  std::vector<RunState> states() {
    std::vector<RunState> found;
    for (const auto& run : *table.runs({})) found.push_back(run.state);
    return found;
  }
  Uuid request(const std::string& of = "job", const std::string& parameters = "{}") {
    const Uuid id = time_ordered_id(clock.now(), ids);
    EXPECT_TRUE(table.write(
        store::RequestRun{.id = id, .job = of, .parameters = parameters, .asked_by = "a person", .alone = false}));
    return id;
  }

  ManualClock clock{kStart};
  LocalRuns table{clock};
  SeededRandom ids{1};
  std::vector<std::unique_ptr<Process>> processes;
};

}  // namespace vf::jobs
