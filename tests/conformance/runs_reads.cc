// What is read of runs, and their retention.
#include <fmt/format.h>

#include "runs_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(RunsConformance, RunsAreListedNewestFirstPageByPage) {
  for (uint32_t n = 1; n <= 5; ++n) request(n, n % 2 == 0 ? "even" : "odd");
  start_scheduled(6, now_, "scheduled");
  EXPECT_THAT(found({}), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(found({.rows_max = 2}), ElementsAre(6, 5));
  EXPECT_THAT(found({.before = run(5).number, .rows_max = 2}), ElementsAre(4, 3));
  EXPECT_THAT(found({.before = run(2).number, .rows_max = 2}), ElementsAre(1));
  EXPECT_THAT(found({.before = run(1).number}), IsEmpty());
  EXPECT_THAT(found({.rows_max = 0}), IsEmpty());
  EXPECT_THAT(found({.job = "odd"}), ElementsAre(5, 3, 1));
  EXPECT_THAT(found({.job = "odd", .before = run(3).number}), ElementsAre(1));
  EXPECT_THAT(found({.job = "none"}), IsEmpty());
}

TEST_P(RunsConformance, OnlyRunsThatAPersonAskedForAreListed) {
  request(1, "odd");
  start_scheduled(2, now_, "even");
  end(2);
  request(3, "even");
  claim({.job = "even"});
  request(4, "odd");
  EXPECT_THAT(found({.asked_for = true}), ElementsAre(4, 3, 1));
  EXPECT_THAT(found({.asked_for = true, .before = run(4).number, .rows_max = 1}), ElementsAre(3));
  EXPECT_THAT(found({.job = "even", .asked_for = true}), ElementsAre(3));
  EXPECT_THAT(found({.job = "even"}), ElementsAre(3, 2));
  EXPECT_THAT(found({.job = "odd", .asked_for = true, .before = run(4).number}), ElementsAre(1));
}

TEST_P(RunsConformance, APageEndsWhereItsLastRunWasThoughThatIsGone) {
  start_scheduled(1, now_);
  end(1);
  request(2);
  const int64_t place = run(1).number;
  claim({});
  end(2);
  start_scheduled(3, now_ + Millis{1});
  end(3);
  ASSERT_FALSE(exists(1));
  EXPECT_THAT(found({.before = place + 1}), IsEmpty());
  EXPECT_THAT(found({.before = run(3).number}), ElementsAre(2));
}

TEST_P(RunsConformance, TheLastRunsOfEveryJobAreFound) {
  EXPECT_THAT(*store_->reads().last_runs(), IsEmpty());
  const Instant due = now_;
  start_scheduled(1, due, "b");
  now_ += Millis{10};
  end(1, RunState::done, {.counts = {{"x", 1}}});
  const Instant succeeded = now_;
  request(2, "b");
  EXPECT_EQ(claimed({.job = "b"}), 2u);
  now_ += Millis{10};
  end(2, RunState::failed);
  request(3, "b");
  EXPECT_EQ(claimed({.job = "b"}), 3u);
  const Instant claimed_at = now_;
  request(4, "a");
  request(5, "c");
  now_ += Millis{10};
  write(StopRun{run_id(5)});
  const auto jobs = store_->reads().last_runs();
  ASSERT_TRUE(jobs) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 3u);
  const JobRuns& waits = jobs->at(0);
  EXPECT_EQ(waits.job, "a");
  EXPECT_FALSE(waits.running || waits.ended || waits.due || waits.succeeded_at);
  const JobRuns& runs = jobs->at(1);
  EXPECT_EQ(runs.job, "b");
  ASSERT_TRUE(runs.running && runs.ended);
  EXPECT_EQ(runs.running->id, run_id(3));
  EXPECT_EQ(runs.running->holder, "a");
  EXPECT_EQ(runs.running->claimed_until, claimed_at + kSpan);
  EXPECT_EQ(runs.ended->claimed_until, std::nullopt);
  EXPECT_EQ(runs.ended->id, run_id(2));
  EXPECT_EQ(runs.ended->state, RunState::failed);
  EXPECT_EQ(runs.due, due);
  EXPECT_EQ(runs.succeeded_at, succeeded);
  const JobRuns& ended = jobs->at(2);
  EXPECT_EQ(ended.job, "c");
  ASSERT_TRUE(ended.ended.has_value());
  EXPECT_EQ(ended.ended->id, run_id(5));
  EXPECT_FALSE(ended.running || ended.due || ended.succeeded_at);
}

TEST_P(RunsConformance, TheRunThatEndedLastNeedNotBeTheNewest) {
  request(1);
  request(2);
  claim({});
  write(StopRun{run_id(2)});
  EXPECT_EQ(store_->reads().last_runs()->front().ended->id, run_id(2));
  now_ += Millis{1};
  end(1);
  EXPECT_EQ(store_->reads().last_runs()->front().ended->id, run_id(1));
}

TEST_P(RunsConformance, JobsWithSomethingToClaimAreFound) {
  EXPECT_THAT(waiting_jobs(), IsEmpty());
  request(1, "b");
  request(2, "b");
  request(3, "a");
  start_scheduled(4, now_, "c");
  EXPECT_THAT(waiting_jobs(), ElementsAre("a", "b"));
  claim({.job = "a"});
  claim({.job = "b"});
  EXPECT_THAT(waiting_jobs(), ElementsAre("b")) << "its second run waits";
  now_ += kSpan - Millis{1};
  write(UpdateRun{.id = run_id(4), .holder = "a", .span = kSpan});
  write(StopRun{run_id(2)});
  EXPECT_THAT(waiting_jobs(), IsEmpty());
  now_ += Millis{1};
  EXPECT_THAT(waiting_jobs(), ElementsAre("a", "b")) << "their claims have expired";
  EXPECT_EQ(claim({.holder = "b", .job = "a"}), nullptr);
  EXPECT_THAT(waiting_jobs(), ElementsAre("b"));
}

TEST_P(RunsConformance, OldRunsArePurgedTheOldestFirst) {
  for (uint32_t n = 1; n <= 6; ++n) {
    request(n);
    claim({});
    now_ += Millis{1000};
    end(n);
  }
  const Instant sixth = now_;
  const auto purge = [&](Instant before, int64_t rows_max) {
    return std::get<RowsRemoved>(write(PurgeRuns{.ended_before = before, .rows_max = rows_max})).removed;
  };
  EXPECT_EQ(purge(kStart + Millis{1000}, 10), 0) << "the first ended then, not before";
  EXPECT_EQ(purge(kStart + Millis{1001}, 10), 1);
  EXPECT_THAT(found({}), ElementsAre(6, 5, 4, 3, 2));
  EXPECT_EQ(purge(sixth, 2), 2);
  EXPECT_THAT(found({}), ElementsAre(6, 5, 4));
  EXPECT_EQ(purge(sixth, 3), 2);
  EXPECT_EQ(purge(sixth + Millis{1}, 3), 0) << "the last run is kept";
  EXPECT_THAT(found({}), ElementsAre(6));
}

TEST_P(RunsConformance, PurgingKeepsWhatIsNeededOfEachJob) {
  start_scheduled(1, now_ - Millis{10}, "seldom");
  end(1, RunState::failed);
  start_scheduled(2, now_, "seldom");
  end(2, RunState::failed);
  request(3, "seldom");
  claim({.job = "seldom"});
  now_ += Millis{1};
  end(3);
  request(4, "waits");
  request(5, "runs");
  claim({.job = "runs"});
  start_scheduled(6, now_, "another");
  end(6, RunState::failed);
  const auto result = write(PurgeRuns{.ended_before = now_ + std::chrono::days{40}});
  EXPECT_EQ(std::get<RowsRemoved>(result).removed, 1);
  EXPECT_THAT(found({}), ElementsAre(6, 5, 4, 3, 2));
  EXPECT_EQ(claim({.id = 7, .due = kStart, .job = "seldom"}), nullptr) << "a due time does not come back";
}

}  // namespace vf::store::conformance
