// Runs on real threads, on the system's clock and a table of runs in memory. What is decided when is tested in
// scheduler_test.cc; here are the threads, the metrics, requests and the drain.
#include "jobs/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/eventually_test.h"
#include "jobs/local_runs.h"
#include "obs/services_test.h"
#include "platform/thread_name.h"

namespace vf::jobs {
namespace {

using namespace std::chrono_literals;
using store::RunState;
using testing::HasSubstr;

struct RunnerTest : testing::Test {
  Jobs& start(std::vector<Job> rows) {
    jobs.emplace(Jobs::Params{.jobs = std::move(rows), .reads = table, .writer = table, .clock = clock, .seed = 1});
    runner.emplace(
        Runner::Params{.environment = "stage",
                       .name = "jobs:stage",
                       .jobs = *jobs,
                       .reads = table,
                       .writer = table,
                       .time = [this]() -> Result<TickTime::Reading> { return TickTime::Reading{clock.now()}; },
                       .services = {clock, test_services.log, test_services.metrics, test_services.health},
                       .holder = "this process"});
    return *jobs;
  }
  Job on_demand(std::function<Result<Finish>(Context&)> run) {
    return {.name = "work", .schedule = Schedule::on_demand(), .timeout = 1h, .run = std::move(run)};
  }
  RunState state_of(Uuid id) { return table.find_run(id)->value().state; }
  bool becomes(Uuid id, RunState state) {
    return eventually([&] { return state_of(id) == state; });
  }

  SystemClock clock;
  LocalRuns table{clock};
  obs::TestServices test_services{Instant{}};
  std::optional<Jobs> jobs;
  std::optional<Runner> runner;
};

TEST_F(RunnerTest, RequestedRunIsDoneOnTheJobsOwnThreadAndCounted) {
  std::string thread;
  auto& all = start({on_demand([&](Context& context) {
    thread = platform::this_thread_name();
    context.report({.done = 3, .of = 3, .counts = {{"found", 3}}});
    return Finish::complete;
  })});
  const Uuid id = all.request({.job = "work", .asked_by = "a test"}).value();
  ASSERT_TRUE(becomes(id, RunState::done));
  EXPECT_EQ(thread, "work:stage");
  EXPECT_EQ(table.find_run(id)->value().progress.counts.at("found"), 3);
  runner->drain(1s);
  EXPECT_THAT(test_services.metrics.render(),
              HasSubstr(R"(vf_job_runs_total{job="work",environment="stage",outcome="done"} 1)"));
  EXPECT_THAT(test_services.metrics.render(),
              HasSubstr(R"(vf_job_runs_total{job="work",environment="stage",outcome="timeout"} 0)"));
}

TEST_F(RunnerTest, ScheduledRunsFollowOneAnother) {
  std::atomic<int> runs{0};
  auto often = on_demand([&](Context&) {
    ++runs;
    return Finish::complete;
  });
  often.schedule = Schedule::every(1s).value();
  start({often});
  EXPECT_TRUE(eventually([&] { return runs >= 2; }));
}

TEST_F(RunnerTest, RunIsAskedForAtTheStartOfTheProcess) {
  std::atomic<int> runs{0};
  auto yearly = on_demand([&](Context&) {
    ++runs;
    return Finish::complete;
  });
  yearly.schedule = Schedule::cron("0 0 1 1 *").value();
  yearly.at_start = true;
  start({yearly});
  EXPECT_TRUE(eventually([&] { return runs == 1; }));
}

TEST_F(RunnerTest, StopEndsARunThatWaits) {
  auto& all = start({on_demand([](Context& context) {
    while (context.wait(1h)) continue;
    return Finish::interrupted;
  })});
  const Uuid id = all.request({.job = "work", .asked_by = "a test"}).value();
  ASSERT_TRUE(becomes(id, RunState::running));
  ASSERT_TRUE(all.stop(id));
  EXPECT_TRUE(becomes(id, RunState::stopped));
}

TEST_F(RunnerTest, DrainGivesAResumableRunBack) {
  auto resumable = on_demand([](Context& context) {
    while (context.wait(1h)) continue;
    return Finish::interrupted;
  });
  resumable.resumable = true;
  const Uuid id = start({resumable}).request({.job = "work", .asked_by = "a test"}).value();
  ASSERT_TRUE(becomes(id, RunState::running));
  runner->drain(1h);
  EXPECT_EQ(state_of(id), RunState::waiting);
}

TEST_F(RunnerTest, UnknownJobIsRefusedWithTheNamesThereAre) {
  auto& all = start({on_demand([](Context&) { return Finish::complete; })});
  const auto refused = all.request({.job = "wrok", .asked_by = "a test"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_EQ(refused.error().message, "there is no job wrok; the jobs here are: work");
}

TEST_F(RunnerTest, ParametersAreCheckedBeforeARunIsAdded) {
  auto checked = on_demand([](Context&) { return Finish::complete; });
  checked.name = "checked";
  checked.check = [](const std::string& parameters) -> Result<void> {
    return parameters == "{}" ? Result<void>(invalid("all is missing")) : Result<void>();
  };
  auto& all = start({on_demand([](Context&) { return Finish::complete; }), checked});
  EXPECT_EQ(all.request({.job = "checked", .asked_by = "a test"}).error().message, "all is missing");
  EXPECT_EQ(all.request({.job = "work", .parameters = R"({"a":1})", .asked_by = "a test"}).error().message,
            "the job work takes no parameters");
  EXPECT_TRUE(all.request({.job = "checked", .parameters = R"({"all":true})", .asked_by = "a test"}));
}

TEST_F(RunnerTest, ListShowsScheduleLastRunAndNextTick) {
  auto& all = start({on_demand([](Context&) -> Result<Finish> { return unavailable("the provider is away"); })});
  auto yearly = on_demand([](Context&) { return Finish::complete; });
  const Uuid id = all.request({.job = "work", .asked_by = "a test"}).value();
  ASSERT_TRUE(becomes(id, RunState::failed));
  const auto list = all.list().value();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].schedule, "on demand");
  EXPECT_EQ(list[0].next, std::nullopt);
  EXPECT_EQ(list[0].last->id, id);
  EXPECT_EQ(list[0].last->error, "the provider is away");
  EXPECT_FALSE(list[0].late);
}

}  // namespace
}  // namespace vf::jobs
