// How runs are claimed, renewed, cancelled and recorded. Oracle: the comments of scheduler.h and store/runs.h.
#include "jobs/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/tests/scheduler_fixture_test.h"

namespace vf::jobs {
namespace {

using testing::IsEmpty;

TEST_F(SchedulerTest, NoRunBeginsWhileOneIsUnderWay) {
  auto& a = process(job());
  advance(10min);
  EXPECT_EQ(a.begun.size(), 1u);
  a.end();
  EXPECT_EQ(a.begun.size(), 2u);  // once for the nine ticks that passed
  EXPECT_EQ(a.begun[1].due, kStart + 9min + 30s);
}

TEST_F(SchedulerTest, TwoProcessesRunATickOnce) {
  auto& a = process(job());
  auto& b = process(job(), "b");
  for (int i = 0; i < 50; ++i) {
    advance(1s);
    for (auto* one : {&a, &b}) {
      if (!one->contexts.empty() && !one->work().ended()) one->end();
    }
  }
  EXPECT_EQ(a.begun.size() + b.begun.size(), 1u);
}

TEST_F(SchedulerTest, ProcessThatFindsATickHandledWritesNothing) {
  auto& a = process(job());
  auto& b = process(job(), "b");
  advance(30s);
  a.end();
  advance(20s);
  EXPECT_EQ(b.runs.writes, 0);
}

TEST_F(SchedulerTest, RunPastItsTimeoutIsCancelledAndRecorded) {
  auto brief = job();
  brief.timeout = 30s;
  auto& a = process(brief);
  advance(30s);
  EXPECT_FALSE(a.work().should_end());
  advance(30s);
  EXPECT_EQ(a.work().why(), Cancel::timeout);
  a.end(Finish::interrupted);
  ASSERT_EQ(a.ended.size(), 1u);
  EXPECT_EQ(a.ended[0].state, RunState::timeout);
  EXPECT_EQ(row(a.begun[0].id).error, "cancelled after 30 s");
  EXPECT_EQ(a.scheduler.alarm(), "job failed: cancelled after 30 s");
}

TEST_F(SchedulerTest, WorkThatWasCompleteAtItsDeadlineIsDone) {
  auto brief = job();
  brief.timeout = 30s;
  auto& a = process(brief);
  advance(60s);
  a.end(Finish::complete);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::done);
}

TEST_F(SchedulerTest, HungRunIsRecordedBeforeItsClaimExpiresAndBlocksOnlyItsOwnJob) {
  auto brief = job();
  brief.timeout = 30s;
  auto& a = start({brief, job("other")}, "a");
  advance(30s);
  ASSERT_EQ(a.contexts.size(), 2u);
  a.contexts[1]->end(Finish::complete);
  advance(30s + Scheduler::kClaimSpan);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::timeout);
  EXPECT_EQ(a.ended.size(), 2u);
  EXPECT_EQ(a.scheduler.alarm(), "job has not ended since it was cancelled at its deadline");
  advance(5min);
  size_t of_job = 0, of_other = 0;
  for (const auto& run : a.begun) ++(run.job == "job" ? of_job : of_other);
  EXPECT_EQ(of_job, 1u);
  EXPECT_GE(of_other, 2u);
  EXPECT_TRUE(a.scheduler.states()[0].late);

  a.contexts[0]->end(Finish::interrupted);  // it ends after all
  advance(1s);
  of_job = 0;
  for (const auto& run : a.begun) of_job += run.job == "job";
  EXPECT_EQ(of_job, 2u);
  EXPECT_FALSE(a.scheduler.states()[0].hung);
}

TEST_F(SchedulerTest, RunOutlastsManyClaimsWhileItIsRenewed) {
  auto& a = process(job());
  auto& b = process(job(), "b");
  advance(30min);
  EXPECT_FALSE(a.work().should_end());
  EXPECT_THAT(b.begun, IsEmpty());
  EXPECT_FALSE(b.scheduler.states()[0].late);
}

TEST_F(SchedulerTest, StopIsPassedToTheWork) {
  auto& a = process(job());
  advance(30s);
  ASSERT_TRUE(table.write(store::StopRun{a.begun[0].id}));
  advance(Scheduler::kClaimSpan / 3 + 1s);
  EXPECT_EQ(a.work().why(), Cancel::stop);
  a.end(Finish::interrupted);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::stopped);
  EXPECT_EQ(a.scheduler.alarm(), "");
}

TEST_F(SchedulerTest, RequestedRunBeginsAtTheNextPollWithItsParameters) {
  auto on_demand = job();
  on_demand.schedule = Schedule::on_demand();
  auto& a = process(on_demand);
  const Uuid id = request("job", R"({"all":true})");
  advance(1s);
  ASSERT_EQ(a.begun.size(), 1u);
  EXPECT_EQ(a.begun[0].id, id);
  EXPECT_EQ(a.begun[0].parameters, R"({"all":true})");
  EXPECT_EQ(a.begun[0].due, std::nullopt);
}

TEST_F(SchedulerTest, RequestedRunsFollowEachOtherInTheirOrder) {
  auto on_demand = job();
  on_demand.schedule = Schedule::on_demand();
  auto& a = process(on_demand);
  const Uuid first = request(), second = request();
  advance(5s);
  ASSERT_EQ(a.begun.size(), 1u);
  EXPECT_EQ(a.begun[0].id, first);
  a.end();
  advance(1s);
  ASSERT_EQ(a.begun.size(), 2u);
  EXPECT_EQ(a.begun[1].id, second);
}

TEST_F(SchedulerTest, WaitingRunBeginsAsSoonAsTheRunBeforeItHasEnded) {
  auto on_demand = job();
  on_demand.schedule = Schedule::on_demand();
  auto& a = process(on_demand);
  for (int i = 0; i < 5; ++i) request();
  advance(1s);
  for (size_t begun = 1; begun <= 5; ++begun) {  // at one moment of the clock
    ASSERT_EQ(a.begun.size(), begun);
    a.end();
  }
  EXPECT_TRUE(a.scheduler.is_idle());
}

TEST_F(SchedulerTest, ResumableRunOfAVanishedHolderGoesOnElsewhereWithItsProgress) {
  auto long_job = job();
  long_job.schedule = Schedule::on_demand();
  long_job.resumable = true;
  auto& a = process(long_job);
  const Uuid id = request();
  advance(1s);
  a.work().report({.done = 40, .of = 100, .counts = {{"retried", 40}}, .cursor = "40"});
  advance(Scheduler::kClaimSpan);
  kill(a);
  auto& b = process(long_job, "b");
  advance(Scheduler::kClaimSpan - 5s);
  EXPECT_THAT(b.begun, IsEmpty());
  advance(5s + 1s);
  ASSERT_EQ(b.begun.size(), 1u);
  EXPECT_EQ(b.begun[0].id, id);
  EXPECT_EQ(b.begun[0].holder, "b");
  EXPECT_EQ(b.begun[0].progress.cursor, "40");
  EXPECT_EQ(b.work().progress().done, 40);
}

TEST_F(SchedulerTest, RunOfAVanishedHolderIsLostWhereTheJobCannotResume) {
  auto& a = process(job());
  advance(30s);
  const Uuid id = a.begun[0].id;
  kill(a);
  auto& b = process(job(), "b");
  advance(Scheduler::kClaimSpan + 1s);
  EXPECT_EQ(row(id).state, RunState::lost);
  EXPECT_THAT(b.begun, IsEmpty());
  advance(1min);
  EXPECT_EQ(b.begun.size(), 1u);
}

TEST_F(SchedulerTest, HolderThatWasStoppedPastItsClaimEndsItsWorkAndWritesNothing) {
  auto long_job = job();
  long_job.resumable = true;
  auto& a = process(long_job);
  auto& b = process(long_job, "b");
  advance(30s);
  ASSERT_EQ(a.begun.size(), 1u);
  for (Millis passed = 0s; passed < Scheduler::kClaimSpan + 2s; passed += 1s) {  // SIGSTOP: only b is stepped
    clock.advance(1s);
    b.scheduler.step();
  }
  ASSERT_EQ(b.begun.size(), 1u);
  EXPECT_EQ(b.begun[0].id, a.begun[0].id);
  EXPECT_EQ(a.work().why(), Cancel::lost);  // before the scheduler of a has had a step
  a.scheduler.step();
  a.end(Finish::interrupted);
  EXPECT_EQ(a.ended.back().state, RunState::lost);
  EXPECT_EQ(row(b.begun[0].id).state, RunState::running);
  EXPECT_EQ(row(b.begun[0].id).holder, "b");
}

TEST_F(SchedulerTest, ConflictInTheMiddleEndsTheWork) {
  auto long_job = job();
  long_job.resumable = true;
  auto& a = process(long_job);
  advance(30s);
  ASSERT_TRUE(table.write(store::EndRun{.id = a.begun[0].id, .holder = "a", .state = RunState::done}));
  advance(Scheduler::kClaimSpan / 3 + 1s);
  EXPECT_EQ(a.work().why(), Cancel::lost);
  a.end(Finish::interrupted);
  EXPECT_EQ(a.ended.back().state, RunState::lost);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::done);
}

TEST_F(SchedulerTest, WhileTheStoreIsAwayTheJobIsLateAndRecoversAfterwards) {
  auto& a = process(job());
  advance(30s);
  a.end();
  a.runs.away = true;
  advance(2min);  // the next tick is overdue by a minute, no more
  EXPECT_EQ(a.scheduler.alarm(), "");
  advance(1s);
  EXPECT_EQ(a.scheduler.alarm(), "job is late");
  EXPECT_TRUE(a.scheduler.states()[0].late);
  a.runs.away = false;
  advance(2s);
  EXPECT_EQ(a.begun.size(), 2u);
  EXPECT_EQ(a.scheduler.alarm(), "");
}

TEST_F(SchedulerTest, RunThatWaitsForMoreThanAMinuteMakesTheJobLate) {
  auto on_demand = job();
  on_demand.schedule = Schedule::on_demand();
  auto& a = process(on_demand);
  a.runs.is_read_only = true;
  request();
  advance(61s);  // found a second after it was asked for
  EXPECT_EQ(a.scheduler.alarm(), "");
  advance(1s);
  EXPECT_EQ(a.scheduler.alarm(), "job is late");
  a.runs.is_read_only = false;
  advance(2s);
  ASSERT_EQ(a.begun.size(), 1u);
  EXPECT_EQ(a.scheduler.alarm(), "");
}

TEST_F(SchedulerTest, RunThatWaitsForOneElsewhereIsNotLate) {
  auto on_demand = job();
  on_demand.schedule = Schedule::on_demand();
  process(on_demand, "a");
  auto& b = process(on_demand, "b");
  request();
  advance(1s);
  request();
  advance(5min);  // a works on the first run
  EXPECT_EQ(b.scheduler.alarm(), "");
}

TEST_F(SchedulerTest, ClaimThatCannotBeRenewedEndsTheWorkWhichIsResumedLater) {
  auto long_job = job();
  long_job.resumable = true;
  auto& a = process(long_job);
  advance(30s);
  a.runs.away = true;
  advance(Scheduler::kClaimSpan);
  EXPECT_EQ(a.work().why(), Cancel::lost);
  a.end(Finish::interrupted);
  EXPECT_THAT(a.ended, IsEmpty());  // the outcome is kept until the store takes it
  EXPECT_FALSE(a.scheduler.is_idle());
  a.runs.away = false;
  advance(3s);
  ASSERT_EQ(a.ended.size(), 1u);
  EXPECT_EQ(a.ended[0].state, RunState::waiting);
  ASSERT_EQ(a.begun.size(), 2u);
  EXPECT_EQ(a.begun[1].id, a.begun[0].id);
}

TEST_F(SchedulerTest, OutcomeIsRecordedOnceTheStoreIsBack) {
  auto& a = process(job());
  advance(30s);
  a.runs.away = true;
  a.end();
  advance(5s);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::running);
  a.runs.away = false;
  advance(2s);
  EXPECT_EQ(row(a.begun[0].id).state, RunState::done);
}

TEST_F(SchedulerTest, FailureIsRecordedAndTheNextTickRunsAgain) {
  auto& a = process(job());
  advance(30s);
  a.end(unavailable("the provider is away"));
  EXPECT_EQ(row(a.begun[0].id).state, RunState::failed);
  EXPECT_EQ(a.scheduler.alarm(), "job failed: the provider is away");
  advance(1min);
  ASSERT_EQ(a.begun.size(), 2u);
  a.end();
  EXPECT_EQ(a.scheduler.alarm(), "");
}

TEST_F(SchedulerTest, ShutDownGivesAResumableRunBackAndStopsAnother) {
  auto long_job = job("long");
  long_job.resumable = true;
  auto& a = start({long_job, job("short")}, "a");
  advance(30s);
  ASSERT_EQ(a.begun.size(), 2u);
  a.scheduler.shut_down();
  a.scheduler.step();
  EXPECT_FALSE(a.scheduler.is_idle());
  for (const auto& context : a.contexts) {
    EXPECT_EQ(context->why(), Cancel::shutdown);
    context->end(Finish::interrupted);
  }
  a.scheduler.step();
  EXPECT_TRUE(a.scheduler.is_idle());
  EXPECT_EQ(row(a.begun[0].id).state, RunState::waiting);
  EXPECT_EQ(row(a.begun[1].id).state, RunState::stopped);
  advance(1h);
  EXPECT_EQ(a.begun.size(), 2u);
}

}  // namespace
}  // namespace vf::jobs
