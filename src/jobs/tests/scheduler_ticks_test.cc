// Which ticks have a run, and when: catch-up, jitter, clocks that jump. Oracle: the comments of job.h and tick_time.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "jobs/scheduler.h"
#include "jobs/tests/scheduler_fixture_test.h"

namespace vf::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(SchedulerTest, JobThatNeverRanBeginsWithItsNextTick) {
  auto& a = process(job());
  EXPECT_THAT(a.begun, IsEmpty());
  advance(29s);
  EXPECT_THAT(a.begun, IsEmpty());
  advance(1s);
  ASSERT_EQ(a.begun.size(), 1u);
  EXPECT_EQ(a.begun[0].due, kStart + 30s);
  EXPECT_EQ(a.begun[0].state, RunState::running);
}

TEST_F(SchedulerTest, MissedTicksAreSkippedWithCatchUpNone) {
  auto hourly = job();
  hourly.schedule = Schedule::cron("0 * * * *").value();
  hourly.catch_up = CatchUp::none;
  auto& a = process(hourly);
  advance(1h);
  a.end();
  kill(a);
  clock.advance(5h + 10min);
  auto& b = process(hourly);
  advance(10min);
  EXPECT_THAT(b.begun, IsEmpty());
  EXPECT_EQ(b.scheduler.alarm(), "");
  advance(1h);
  EXPECT_EQ(b.begun.size(), 1u);
}

TEST_F(SchedulerTest, CatchUpNoneStillRunsATickThatIsLateByLessThanAMinute) {
  auto hourly = job();
  hourly.schedule = Schedule::cron("0 * * * *").value();
  hourly.catch_up = CatchUp::none;
  for (const auto& [late, runs] : std::map<Millis, size_t>{{60'000ms, 1}, {60'001ms, 0}}) {
    auto& a = process(hourly);
    advance(std::chrono::ceil<std::chrono::hours>(clock.now()) - clock.now());
    a.end();
    kill(a);
    clock.advance(1h + late);
    auto& b = process(hourly, "b");
    EXPECT_EQ(b.begun.size(), runs) << late.count();
    kill(b);
    advance(1min);
  }
}

TEST_F(SchedulerTest, MissedTicksMakeOneRunWithCatchUpOnce) {
  auto& a = process(job());
  advance(30s);
  a.end();
  kill(a);
  clock.advance(5h);
  auto& b = process(job());
  advance(1s);
  ASSERT_EQ(b.begun.size(), 1u);
  EXPECT_EQ(b.begun[0].due, kStart + 5h + 30s);
  b.end();
  advance(1s);
  EXPECT_EQ(b.begun.size(), 1u);
}

TEST_F(SchedulerTest, EachMissedTickHasItsRunWithCatchUpAll) {
  auto hourly = job();
  hourly.schedule = Schedule::every(1h).value();
  hourly.catch_up = CatchUp::all;
  auto& a = process(hourly);
  advance(1h);
  a.end();
  kill(a);
  clock.advance(3h);
  auto& b = process(hourly);
  std::vector<Instant> due;
  for (int i = 0; i < 5; ++i) {
    if (b.begun.size() > due.size()) {
      due.push_back(*b.begun.back().due);
      b.end();
    }
    advance(1s);
  }
  const Instant first = std::chrono::floor<std::chrono::hours>(kStart) + 2h;
  EXPECT_THAT(due, ElementsAre(first, first + 1h, first + 2h));
}

TEST_F(SchedulerTest, CatchUpAllIsBounded) {
  auto often = job();
  often.catch_up = CatchUp::all;
  auto& a = process(often);
  advance(30s);
  a.end();
  kill(a);
  clock.advance(48h);
  auto& b = process(often);
  advance(1s);
  for (size_t ran = 1; ran < kCatchUpMax; ++ran) {
    ASSERT_EQ(b.begun.size(), ran);
    b.end();
  }
  b.end();
  EXPECT_EQ(b.begun.size(), kCatchUpMax);
}

TEST_F(SchedulerTest, JitterStaysWithinItsBound) {
  auto jittery = job();
  jittery.jitter = 20s;
  std::set<Millis> delays;
  auto& a = process(jittery);
  for (int i = 0; i < 2'000; ++i) {
    advance(1s);
    if (a.contexts.empty() || a.work().ended()) continue;
    delays.insert(clock.now() - *a.begun.back().due);
    a.end();
  }
  EXPECT_GE(*delays.begin(), 0ms);
  EXPECT_LE(*delays.rbegin(), 20s + 1s);  // this test looks every second
  EXPECT_GT(delays.size(), 5u);
}

TEST_F(SchedulerTest, ClockThatJumpsAheadMakesNoStormOfRuns) {
  auto often = job();
  often.catch_up = CatchUp::all;
  auto& a = process(often);
  advance(30s);
  a.end();
  clock.jump(30 * 24h);
  a.in_doubt = true;
  for (int i = 0; i < 600; ++i) {  // ten minutes
    advance(1s);
    if (!a.work().ended()) a.end();
  }
  EXPECT_EQ(a.begun.size(), 11u);
  EXPECT_LT(*a.begun.back().due, kStart + 1h);
  clock.jump(-30 * 24h);
  a.in_doubt = false;
  advance(1min);
  EXPECT_EQ(a.begun.size(), 12u);
}

TEST_F(SchedulerTest, ClockThatIsInDoubtFromTheStartHoldsBackCatchUpAll) {
  auto often = job();
  often.catch_up = CatchUp::all;
  auto& a = process(often);
  advance(30s);
  a.end();
  kill(a);
  clock.advance(5min);
  auto& b = *processes.emplace_back(std::make_unique<Process>(std::vector{often}, table, clock, "b"));
  b.in_doubt = true;
  advance(2s);
  EXPECT_THAT(b.begun, IsEmpty());
  b.in_doubt = false;
  advance(2s);
  EXPECT_EQ(b.begun.size(), 1u);
}

TEST_F(SchedulerTest, ClockThatGoesBackDoesNotSilenceAJob) {
  auto& a = process(job());
  advance(30s);
  a.end();
  clock.jump(-30 * 24h);
  advance(1min);
  ASSERT_EQ(a.begun.size(), 2u);
  a.end();
  advance(1min);
  EXPECT_EQ(a.begun.size(), 3u);
}

TEST_F(SchedulerTest, IdsAreOrderedByTime) {
  const Uuid early = time_ordered_id(kStart, ids), late = time_ordered_id(kStart + 1ms, ids);
  EXPECT_LT(early, late);
  EXPECT_EQ(early.to_string()[14], '7');
}

}  // namespace
}  // namespace vf::jobs
