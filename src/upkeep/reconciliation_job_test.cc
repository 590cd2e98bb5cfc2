// The job `reconciliation`: what its runs find, repair and keep, and what other processes read of that. Scope: the job;
// reconciliation_test.cc tests the comparison, reconciler_test.cc the rounds. Doubles: the outbox in memory, a lake
// that the test changes.
#include "upkeep/reconciliation_job.h"

#include <gmock/gmock.h>

#include "jobs/local_runs.h"
#include "jobs/scheduler.h"
#include "raw_log/tests/feeder_harness_test.h"

namespace vf::upkeep {
namespace {

using raw_log::FeederHarness;
using raw_log::ReconciliationStatus;
using store::RunState;
using testing::HasSubstr;
using testing::SizeIs;

class ReconciliationJobTest : public testing::Test {
 protected:
  // Sets up an hour with ten events, of which the log lacks one; a second hour has begun.
  ReconciliationJobTest() {
    harness_.add(10);
    harness_.run_until_caught_up();
    harness_.clock.advance(std::chrono::hours{1});
    harness_.lake.kept.erase(harness_.lake.kept.begin() + 4);
  }

  std::string parameters(bool repair) {
    return to_parameters({.from = Instant{}, .to = harness_.clock.now(), .repair = repair});
  }
  /// Claims a run with these parameters, or a scheduled one, and does its work.
  store::Run run(std::optional<std::string> asked, jobs::Cancel cancel = jobs::Cancel::none) {
    const Uuid id = jobs::time_ordered_id(harness_.clock.now(), random_);
    if (asked) {
      EXPECT_TRUE(table_.write(
          store::RequestRun{.id = id, .job = "reconciliation", .parameters = *asked, .asked_by = "a test"}));
    }
    auto claimed = table_.write(store::ClaimRun{.id = id,
                                                .job = "reconciliation",
                                                .holder = "a",
                                                .span = std::chrono::hours{1},
                                                .due = asked ? std::nullopt : std::optional(harness_.clock.now())});
    jobs::Context context({.run = *std::get<store::RunClaimed>(*claimed).run,
                           .clock = harness_.clock,
                           .deadline = SteadyTime::max(),
                           .claimed_until = SteadyTime::max()});
    if (cancel != jobs::Cancel::none) context.cancel(cancel);
    result_ = job_.run(context);
    EXPECT_TRUE(table_.write(store::EndRun{.id = id,
                                           .holder = "a",
                                           .state = result_ ? RunState::done : RunState::failed,
                                           .progress = context.progress(),
                                           .error = result_ ? "" : result_.error().message}));
    return table_.find_run(id)->value();
  }

  FeederHarness harness_;
  outbox::FunctionWriter writer_{
      [this](const store::Write& what, outbox::OnWritten done) { done(harness_.commit(what)); }};
  jobs::LocalRuns table_{harness_.clock};
  SeededRandom random_{1};
  jobs::Job job_ = reconciliation_job({{harness_.outbox, harness_.lake}, writer_, harness_.clock});
  Result<jobs::Finish> result_ = jobs::Finish::complete;
};

TEST_F(ReconciliationJobTest, VerificationReportsDifferencesAndChangesNothing) {
  const auto found = status_of(run(parameters(false)));
  EXPECT_EQ(found.state, "done");
  EXPECT_EQ(found.difference, 1);
  EXPECT_EQ(found.repaired, 0);
  EXPECT_GE(found.rows_read, 10);
  ASSERT_THAT(found.lines, SizeIs(1));
  EXPECT_EQ(found.lines[0].source, "kick");
  EXPECT_EQ(found.lines[0].outbox, 10);
  EXPECT_EQ(found.lines[0].lake, 9);
  EXPECT_EQ(found.lines[0].missing, 1);
  harness_.run_until_caught_up();
  EXPECT_THAT(harness_.lake.kept, SizeIs(9));
}

TEST_F(ReconciliationJobTest, RepairHandsMissingEventsToTheFeeder) {
  EXPECT_EQ(status_of(run(parameters(true))).repaired, 1);
  EXPECT_THAT(harness_.deliveries(store::PutDelivery::State::retry), SizeIs(1));
  for (int i = 0; i < 100 && harness_.lake.kept.size() < 10; ++i) {
    harness_.clock.advance(std::chrono::seconds{2});
    harness_.run_until_idle();
  }
  harness_.expect_each_once();
}

TEST_F(ReconciliationJobTest, CancelledVerificationFailsWithTheReason) {
  const auto cancelled = run(parameters(false), jobs::Cancel::stop);
  EXPECT_EQ(result_.value(), jobs::Finish::interrupted);
  store::Run stopped = cancelled;
  stopped.state = RunState::stopped;
  EXPECT_EQ(status_of(stopped).state, "failed");
  EXPECT_EQ(status_of(stopped).error, "the run is stopped");
}

TEST_F(ReconciliationJobTest, ScheduledRunComparesTheHoursThatAreOverAndIsIdleUntilTheNext) {
  harness_.clock.advance(std::chrono::minutes{11});
  const auto compared = run({});
  EXPECT_THAT(compared.progress.counts, testing::Contains(testing::Pair("differ: kick", 1)));
  EXPECT_GT(compared.progress.counts.at("hours"), 0);
  harness_.clock.advance(std::chrono::seconds{5});
  harness_.run_until_idle();
  harness_.clock.advance(std::chrono::minutes{6});
  const auto again = run({});
  EXPECT_FALSE(again.progress.counts.contains("differ: kick"));
  EXPECT_GT(again.progress.counts.at("hours"), 0);
  harness_.clock.advance(std::chrono::minutes{1});
  EXPECT_TRUE(run({}).progress.counts.empty());
}

TEST_F(ReconciliationJobTest, FeederHasTimeToInsertWhatWasMissing) {
  harness_.clock.advance(std::chrono::minutes{11});
  run({});
  harness_.clock.advance(std::chrono::minutes{1});
  EXPECT_TRUE(run({}).progress.counts.empty());
}

TEST_F(ReconciliationJobTest, LakeThatIsAwayFailsTheRun) {
  harness_.clock.advance(std::chrono::minutes{11});
  harness_.lake.reads_fail = true;
  EXPECT_EQ(run({}).error, "the lake does not read");
}

TEST_F(ReconciliationJobTest, EveryProcessReadsWhatTheLastComparisonFound) {
  obs::Log log{obs::Format::human, obs::Level::error};
  obs::Metrics metrics;
  obs::Health health;
  ReconciliationWatch watch(table_, harness_.clock);
  watch.publish({harness_.clock, log, metrics, health}, {"kick"});
  EXPECT_THAT(metrics.render(), HasSubstr("vf_raw_log_difference_events{source=\"kick\"} 0"));
  harness_.clock.advance(std::chrono::minutes{11});
  run({});
  EXPECT_THAT(metrics.render(), HasSubstr("vf_raw_log_difference_events{source=\"kick\"} 1"));
  EXPECT_EQ(health.states()[0].reason, "1 of kick differ from the outbox");
  harness_.clock.advance(std::chrono::minutes{1});
  run({});                 // idle
  run(parameters(false));  // an operator's
  harness_.clock.advance(std::chrono::minutes{1});
  EXPECT_THAT(metrics.render(), HasSubstr("vf_raw_log_difference_events{source=\"kick\"} 1"));
}

TEST_F(ReconciliationJobTest, NewestVerificationIsFoundAmongOtherRuns) {
  EXPECT_EQ(newest_verification(table_).value(), std::nullopt);
  run(parameters(false));
  const auto second = run(parameters(true));
  run("{}");
  EXPECT_EQ(newest_verification(table_).value()->id, second.id);
}

TEST_F(ReconciliationJobTest, ParametersThatAreNoRangeAreRefused) {
  for (const auto* text : {"", "[]", "{\"from\": 1}", R"({"from": "yesterday", "to": "2026-11-22T16:00:00Z"})",
                           R"({"from": "2026-11-22T15:00:00Z", "to": "2026-11-22T16:00:00Z", "repair": "yes"})"}) {
    EXPECT_FALSE(job_.check(text)) << text;
  }
  EXPECT_TRUE(job_.check("{}"));
  EXPECT_TRUE(job_.check(parameters(true)));
}

TEST_F(ReconciliationJobTest, LongResultKeepsTheLinesThatDiffer) {
  ReconciliationStatus status;
  for (size_t i = 0; i <= kLinesKeptMax; ++i) {
    status.lines.push_back({});
    status.lines.back().source = "kick";
  }
  status.lines[7].missing = 1;
  store::Run kept;
  kept.parameters = parameters(false);
  kept.state = RunState::done;
  kept.progress.cursor = to_text(status);
  EXPECT_THAT(status_of(kept).lines, SizeIs(1));
  status.lines.pop_back();
  kept.progress.cursor = to_text(status);
  EXPECT_THAT(status_of(kept).lines, SizeIs(kLinesKeptMax));
}

}  // namespace
}  // namespace vf::upkeep
