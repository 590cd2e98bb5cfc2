// Renewals, ends and stops: only the holder of a claim changes its run.
#include "runs_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(RunsConformance, ARenewedClaimLastsForAnotherSpan) {
  request(1);
  claim({.holder = "a"});
  for (int i = 0; i < 3; ++i) {
    now_ += kSpan - Millis{1};
    const auto renewed = write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan});
    EXPECT_FALSE(std::get<RunRenewed>(renewed).stop_wanted);
    EXPECT_EQ(claim({.holder = "b"}), nullptr);
  }
  now_ += kSpan;
  EXPECT_EQ(claimed({.holder = "b", .resumable = true}), 1u);
}

TEST_P(RunsConformance, ARenewalMayBeShorterThanTheClaim) {
  request(1);
  claim({.holder = "a"});
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = Millis{1}});
  now_ += Millis{1};
  EXPECT_EQ(claimed({.holder = "b", .resumable = true}), 1u);
}

TEST_P(RunsConformance, AnExpiredClaimCanBeRenewedUntilTheNextClaim) {
  request(1);
  claim({.holder = "a"});
  now_ += 2 * kSpan;
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan});
  EXPECT_EQ(claim({.holder = "b"}), nullptr);
}

TEST_P(RunsConformance, ProgressIsStoredWithARenewalAndKeptByOneWithoutIt) {
  request(1);
  claim({});
  const RunProgress progress{.done = 7, .of = 9, .counts = {{"kept", 0}, {"removed", 7}}, .cursor = "c"};
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan, .progress = progress});
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan});
  EXPECT_EQ(run(1).progress.done, 7);
  EXPECT_EQ(run(1).progress.of, 9);
  EXPECT_EQ(run(1).progress.counts, progress.counts);
  EXPECT_EQ(run(1).progress.cursor, "c");
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan, .progress = RunProgress{.done = 8}});
  EXPECT_EQ(run(1).progress.of, std::nullopt);
  EXPECT_THAT(run(1).progress.counts, IsEmpty());
}

TEST_P(RunsConformance, WritesOfAnEarlierHolderAreRefused) {
  request(1);
  claim({.holder = "a", .resumable = true});
  now_ += kSpan;
  claim({.holder = "b", .resumable = true});
  const RunProgress late{.done = 99, .cursor = "late"};
  const std::vector<RunWrite> writes{
      UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan, .progress = late},
      EndRun{.id = run_id(1), .holder = "a", .state = RunState::done, .progress = late},
      EndRun{.id = run_id(1), .holder = "a", .state = RunState::waiting, .progress = late}};
  for (const RunWrite& each : writes) EXPECT_EQ(refused(each).code, Code::conflict);
  EXPECT_EQ(run(1).holder, "b");
  EXPECT_EQ(run(1).progress.done, 0);
  end(1, RunState::done, {}, "b");
  for (const RunWrite& each : writes) EXPECT_EQ(refused(each).code, Code::conflict);
  EXPECT_EQ(refused(UpdateRun{.id = run_id(1), .holder = "b", .span = kSpan}).code, Code::conflict) << "it has ended";
  EXPECT_EQ(refused(UpdateRun{.id = run_id(2), .holder = "a", .span = kSpan}).code, Code::conflict) << "no such run";
  EXPECT_EQ(refused(EndRun{.id = run_id(2), .holder = "a"}).code, Code::conflict);
}

TEST_P(RunsConformance, AHolderWhoseRunIsLostIsRefused) {
  request(1);
  claim({.holder = "a"});
  now_ += kSpan;
  EXPECT_EQ(claim({.holder = "b"}), nullptr);
  EXPECT_EQ(run(1).state, RunState::lost);
  EXPECT_EQ(refused(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan}).code, Code::conflict);
  EXPECT_EQ(refused(EndRun{.id = run_id(1), .holder = "a"}).code, Code::conflict);
  EXPECT_EQ(run(1).state, RunState::lost);
}

TEST_P(RunsConformance, ARunEndsWithItsOutcome) {
  const RunState states[] = {RunState::done, RunState::failed, RunState::stopped, RunState::timeout, RunState::lost};
  uint32_t n = 0;
  for (const RunState state : states) {
    request(++n);
    claim({});
    now_ += Millis{40};
    write(EndRun{.id = run_id(n),
                 .holder = "a",
                 .state = state,
                 .progress = {.done = 3, .of = 4, .counts = {{"x", 3}}, .cursor = "end"},
                 .error = "why"});
    const store::Run ended = run(n);
    EXPECT_EQ(ended.state, state);
    EXPECT_EQ(ended.ended_at, now_);
    EXPECT_EQ(ended.started_at, now_ - Millis{40});
    EXPECT_EQ(ended.holder, "a");
    EXPECT_EQ(ended.error, "why");
    EXPECT_EQ(ended.progress.done, 3);
    EXPECT_EQ(ended.progress.of, 4);
    EXPECT_EQ(ended.progress.counts.at("x"), 3);
    EXPECT_EQ(ended.progress.cursor, "end");
  }
  EXPECT_EQ(refused(EndRun{.id = run_id(1), .holder = "a", .state = RunState::running}).code, Code::invalid);
}

TEST_P(RunsConformance, AnEndMayBeRepeated) {
  request(1);
  claim({});
  end(1, RunState::failed);
  const Instant ended = now_;
  now_ += Millis{1000};
  end(1, RunState::failed);
  EXPECT_EQ(run(1).ended_at, ended);
  EXPECT_EQ(refused(EndRun{.id = run_id(1), .holder = "a", .state = RunState::done}).code, Code::conflict);
  EXPECT_EQ(refused(EndRun{.id = run_id(1), .holder = "b", .state = RunState::failed}).code, Code::conflict);
}

TEST_P(RunsConformance, ARunThatIsGivenBackIsResumedByAnother) {
  request(1);
  request(2);
  claim({.holder = "a"});
  end(1, RunState::waiting, {.done = 5, .cursor = "five"});
  EXPECT_EQ(run(1).state, RunState::waiting);
  EXPECT_EQ(run(1).ended_at, std::nullopt);
  EXPECT_THAT(waiting_jobs(), ElementsAre(kJob));
  const auto resumed = claim({.holder = "b"});
  ASSERT_NE(resumed, nullptr);
  EXPECT_EQ(resumed->id, run_id(1));
  EXPECT_EQ(resumed->progress.cursor, "five");
  EXPECT_EQ(refused(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan}).code, Code::conflict);
}

TEST_P(RunsConformance, AnIdleRunReplacesTheIdleRunBefore) {
  start_scheduled(1, now_);
  end(1, RunState::done, {.done = 10, .counts = {{"removed", 0}}, .cursor = "x"});
  start_scheduled(2, now_ + Millis{1});
  EXPECT_TRUE(exists(1)) << "until the next one has ended";
  end(2);
  EXPECT_FALSE(exists(1));
  start_scheduled(3, now_ + Millis{2});
  end(3, RunState::done, {.counts = {{"removed", 1}}});
  start_scheduled(4, now_ + Millis{3});
  end(4, RunState::failed);
  request(5);
  claim({});
  end(5);
  start_scheduled(6, now_, "another job");
  end(6);
  EXPECT_TRUE(exists(2)) << "none of these is an idle run of the job's schedule";
  request(7);
  claim({});
  end(7);
  EXPECT_TRUE(exists(5)) << "a person may wait for its outcome";
  start_scheduled(8, now_ + Millis{4});
  end(8);
  EXPECT_THAT(found({.job = std::string(kJob)}), ElementsAre(8, 7, 5, 4, 3));
  const Instant due = now_ + Millis{4};
  now_ = due;
  EXPECT_EQ(claim({.id = 9, .due = due}), nullptr) << "what ran does not run again";
  EXPECT_EQ(claim({.id = 9, .due = due - Millis{1}}), nullptr);
}

TEST_P(RunsConformance, FailuresInARowAreCountedUntilARunIsDone) {
  uint32_t n = 0;
  const auto series = [&](uint32_t id) { return std::pair(run(id).failures, run(id).failing_since); };
  const auto end_next = [&](RunState state) {
    now_ += Millis{10};
    start_scheduled(++n, now_);
    end(n, state);
    return series(n);
  };
  using Series = std::pair<int64_t, std::optional<Instant>>;
  EXPECT_EQ(end_next(RunState::done), Series(0, std::nullopt));
  const Series first = end_next(RunState::failed);
  EXPECT_EQ(first, Series(1, now_));
  EXPECT_EQ(end_next(RunState::timeout), Series(2, first.second));
  EXPECT_EQ(end_next(RunState::stopped), Series(2, first.second)) << "a stop is neither failure nor success";
  start_scheduled(++n, now_, "another job");
  end(n, RunState::failed);
  EXPECT_EQ(series(n), Series(1, now_)) << "each job has its own series";
  now_ += Millis{10};
  start_scheduled(++n, now_);
  now_ += kSpan;
  EXPECT_EQ(claimed({.holder = "b", .id = n + 1, .due = now_}), n + 1);
  EXPECT_EQ(run(n).state, RunState::lost);
  EXPECT_EQ(series(n), Series(3, first.second));
  ++n;
  end(n, RunState::failed, {}, "b");
  if (GetParam().durable) reopen();
  const auto jobs = *store_->reads().last_runs();
  EXPECT_EQ(jobs.back().ended->failures, 4);
  EXPECT_EQ(jobs.back().ended->failing_since, first.second);
  EXPECT_EQ(end_next(RunState::done), Series(0, std::nullopt));
  EXPECT_EQ(end_next(RunState::failed), Series(1, now_));
}

TEST_P(RunsConformance, TheNewestEndedRunsOfAJobAreKept) {
  const auto count = [this](bool asked_for) { return found({.asked_for = asked_for, .rows_max = 10'000}).size(); };
  uint32_t n = 0;
  const auto end_scheduled = [&] {
    start_scheduled(++n, now_);
    now_ += Millis{1};
    end(n, RunState::failed);
  };
  request(1'001, "another job");
  request(1'002);
  EXPECT_EQ(claimed({}), 1'002u);
  end(1'002);
  for (int64_t i = 0; i < kEndedRunsMax; ++i) end_scheduled();
  EXPECT_EQ(count(false), static_cast<size_t>(kEndedRunsMax) + 2);
  EXPECT_TRUE(exists(1));
  end_scheduled();
  EXPECT_EQ(count(false), static_cast<size_t>(kEndedRunsMax) + 2);
  EXPECT_FALSE(exists(1)) << "the oldest one is gone";
  EXPECT_TRUE(exists(2));
  EXPECT_EQ(count(true), 2u) << "those that a person asked for are counted by themselves";
  EXPECT_EQ(run(n).failing_since, kStart + Millis{1}) << "the series outlives its first run";
  EXPECT_EQ(run(n).failures, kEndedRunsMax + 1);
}

TEST_P(RunsConformance, AStopIsAskedOfTheHolder) {
  request(1);
  claim({.holder = "a"});
  write(StopRun{run_id(1)});
  write(StopRun{run_id(1)});
  EXPECT_EQ(run(1).state, RunState::running);
  EXPECT_TRUE(run(1).stop_wanted);
  const auto renewed = write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan});
  EXPECT_TRUE(std::get<RunRenewed>(renewed).stop_wanted);
  end(1, RunState::stopped);
  EXPECT_EQ(refused(StopRun{run_id(1)}).code, Code::conflict);
  EXPECT_EQ(refused(StopRun{run_id(2)}).code, Code::not_found);
}

TEST_P(RunsConformance, ARunThatWaitsIsStoppedAtOnce) {
  request(1);
  now_ += Millis{1000};
  write(StopRun{run_id(1)});
  EXPECT_EQ(run(1).state, RunState::stopped);
  EXPECT_EQ(run(1).ended_at, now_);
  EXPECT_EQ(run(1).started_at, std::nullopt);
  EXPECT_EQ(claim({}), nullptr);
  EXPECT_EQ(refused(StopRun{run_id(1)}).code, Code::conflict);
}

TEST_P(RunsConformance, ARunWhoseClaimHasExpiredIsStoppedAtOnce) {
  request(1);
  claim({.holder = "a"});
  now_ += kSpan;
  write(StopRun{run_id(1)});
  EXPECT_EQ(run(1).state, RunState::stopped);
  EXPECT_EQ(refused(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan}).code, Code::conflict);
  EXPECT_EQ(claim({.holder = "b", .resumable = true}), nullptr);
}

TEST_P(RunsConformance, ARunThatShallStopIsNotResumed) {
  for (const uint32_t n : {1u, 2u}) {
    request(n);
    claim({.holder = "a"});
    write(StopRun{run_id(n)});
    if (n == 1) now_ += kSpan;                  // its holder is gone
    if (n == 2) end(2, RunState::waiting, {});  // its holder gives it back
    EXPECT_EQ(claim({.holder = "b", .resumable = true}), nullptr);
    EXPECT_EQ(run(n).state, RunState::stopped);
    EXPECT_EQ(run(n).ended_at, now_);
  }
  write(EndRun{.id = run_id(2), .holder = "a", .state = RunState::waiting});  // a repetition
}

TEST_P(RunsConformance, TextsMayHaveAnyBytes) {
  const std::string any("a\0b\xff\xfe\xc3\x28 \xef\xb7\x90 é", 14);
  write(RequestRun{.id = run_id(1), .job = any, .parameters = any, .asked_by = any});
  EXPECT_THAT(waiting_jobs(), ElementsAre(any));
  const auto claimed = claim({.holder = any, .job = any});
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(claimed->parameters, any);
  write(UpdateRun{.id = run_id(1), .holder = any, .span = kSpan, .progress = RunProgress{.cursor = any}});
  EXPECT_EQ(run(1).progress.cursor, any);
  const std::string quoted = "\"quoted\"\n" + std::string(1, '\0');
  write(EndRun{.id = run_id(1),
               .holder = any,
               .state = RunState::failed,
               .progress = {.counts = {{"\xff", 1}, {quoted, 2}, {"é", INT64_MAX}}, .cursor = any},
               .error = any});
  const store::Run ended = run(1);
  EXPECT_EQ(ended.job, any);
  EXPECT_EQ(ended.holder, any);
  EXPECT_EQ(ended.asked_by, any);
  EXPECT_EQ(ended.error, any);
  EXPECT_EQ(ended.progress.cursor, any);
  EXPECT_EQ(ended.progress.counts.at(quoted), 2);
  EXPECT_EQ(ended.progress.counts.at("é"), INT64_MAX);
  EXPECT_EQ(ended.progress.counts.at(GetParam().name.starts_with("memory") ? "\xff" : "\xef\xbf\xbd"), 1);
  EXPECT_EQ(store_->reads().runs({.job = any})->size(), 1u);
  EXPECT_EQ(store_->reads().last_runs()->front().job, any);
}

}  // namespace vf::store::conformance
