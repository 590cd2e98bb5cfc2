// The alarm of jobs that another process runs, or none does: what is late, and when. Oracle: job.h. The clock is the
// test's; runs are made in the table, as a worker would.
#include "jobs/jobs_watch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jobs/local_runs.h"
#include "jobs/scheduler.h"
#include "obs/services_test.h"

namespace vf::jobs {
namespace {

using namespace std::chrono_literals;
using store::RunState;

const Instant kStart = parse_time("2026-11-28T06:00:30Z").value();

struct JobsWatchTest : testing::Test {
  obs::TestServices services{kStart};
  ManualClock& clock = services.clock;
  SeededRandom random{1};
  LocalRuns table{clock};
  Jobs jobs{{.jobs = {{.name = "purge", .schedule = Schedule::every(1min).value(), .run = {}},
                      {.name = "drop", .schedule = Schedule::on_demand(), .run = {}}},
             .reads = table,
             .writer = table,
             .clock = clock,
             .here = false}};
  JobsWatch watch{{.environment = "stage", .name = "jobs:stage", .jobs = jobs, .services = services.services}};

  Uuid claim(const std::string& job, std::optional<Instant> due = {}) {
    const auto claimed = table.write(store::ClaimRun{.id = time_ordered_id(clock.now(), random),
                                                     .job = job,
                                                     .holder = "a worker",
                                                     .span = Scheduler::kClaimSpan,
                                                     .due = due,
                                                     .resumable = true});
    return std::get<store::RunClaimed>(*claimed).run->id;
  }
  void end(Uuid run, RunState state = RunState::done) {
    ASSERT_TRUE(table.write(store::EndRun{.id = run, .holder = "a worker", .state = state}));
  }
  Uuid ask() { return jobs.request({.job = "drop", .asked_by = "a person"}).value(); }
  /// What /readyz says, asked every second for this long; the process stays ready.
  std::string reason_after(Millis span) {
    nlohmann::json check;
    for (; span > 0ms; span -= 1s) {
      clock.advance(1s);
      const auto answer = services.health.ready();
      EXPECT_TRUE(answer.ready);
      check = nlohmann::json::parse(answer.body)["checks"]["jobs:stage"];
    }
    return check.value("reason", "");
  }
  bool metric(const std::string& job) {
    return services.metrics.render().contains(R"(vf_job_late{job=")" + job + R"(",environment="stage"} 1)");
  }
};

TEST_F(JobsWatchTest, JobThatNeverRanIsLateOnceATickSinceTheStartIsOverdue) {
  EXPECT_EQ(reason_after(90s), "");  // the first tick came 30 s after the start
  EXPECT_FALSE(metric("purge"));
  EXPECT_EQ(reason_after(10s), "purge is late");
  EXPECT_TRUE(metric("purge"));
  EXPECT_FALSE(metric("drop"));
  EXPECT_TRUE(jobs.list()->at(0).late);
}

TEST_F(JobsWatchTest, JobWhoseWorkerIsGoneIsLateUntilItRunsAgain) {
  end(claim("purge", kStart));
  EXPECT_EQ(reason_after(90s), "");
  EXPECT_EQ(reason_after(10s), "purge is late");
  end(claim("purge", clock.now()));
  EXPECT_EQ(reason_after(10s), "");
  EXPECT_FALSE(metric("purge"));
}

TEST_F(JobsWatchTest, RequestThatWaitsForMoreThanAMinuteIsLate) {
  end(claim("purge", kStart + 1h));
  const Uuid asked = ask();
  EXPECT_EQ(reason_after(60s), "");
  EXPECT_EQ(reason_after(10s), "drop is late");
  EXPECT_EQ(claim("drop"), asked);
  EXPECT_EQ(reason_after(10s), "");
}

TEST_F(JobsWatchTest, RunThatWaitsForOneUnderWayIsNotLate) {
  end(claim("purge", kStart + 1h));
  ask();
  const Uuid running = claim("drop");
  ask();
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(reason_after(5s), "");
    ASSERT_TRUE(table.write(store::UpdateRun{.id = running, .holder = "a worker", .span = Scheduler::kClaimSpan}));
  }
}

TEST_F(JobsWatchTest, RunGivenBackByAWorkerThatRestartsIsNotLateAtOnce) {
  end(claim("purge", kStart + 1h));
  ask();
  const Uuid running = claim("drop");
  clock.advance(2h);
  ASSERT_TRUE(table.write(store::UpdateRun{.id = running, .holder = "a worker", .span = Scheduler::kClaimSpan}));
  end(claim("purge", clock.now()));
  end(running, RunState::waiting);
  EXPECT_EQ(reason_after(30s), "");
}

TEST_F(JobsWatchTest, RunOfAWorkerThatVanishedIsLate) {
  end(claim("purge", kStart + 1h));
  ask();
  claim("drop");
  EXPECT_EQ(reason_after(70s), "");  // the claim has expired for a minute
  EXPECT_EQ(reason_after(10s), "drop is late");
}

}  // namespace
}  // namespace vf::jobs
