// The jobs that keep the stores small and the quarantine short: how far one run goes. What they remove, and when a
// clock holds them back, is tested in retention_jobs_test.cc and in the conformance suites.
#include "upkeep/retention_job.h"

#include <gtest/gtest.h>

#include "event/envelope.h"
#include "jobs/local_runs.h"
#include "jobs/tests/run_now_test.h"
#include "outbox/function_writer_test.h"
#include "store/memory/environment.h"
#include "store/memory/outbox.h"
#include "upkeep/purge_job.h"
#include "upkeep/quarantine_job.h"

namespace vf::upkeep {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

struct UpkeepJobs : testing::Test {
  ManualClock clock{std::chrono::floor<std::chrono::hours>(from_unix_millis(1'790'000'000'000)) + 10min};
  watch::TrustedTime time{[this]() -> Result<Instant> { return clock.now(); }, clock};

  UpkeepJobs() {
    time.check();
    clock.advance(watch::ClockLimits{}.agreement);
  }
  Instant first_of_hour() const { return std::chrono::floor<std::chrono::hours>(clock.now()); }
};

struct RetentionJob : UpkeepJobs {
  store::memory::MemoryOutbox outbox;
  std::vector<store::Write> written;
  std::function<int64_t(const store::RetentionStep&)> remove = [](auto&) { return 0; };
  bool away = false;
  outbox::FunctionWriter writer{[this](const store::Write& write, outbox::OnWritten done) {
    if (away) return done(unavailable("the store is away"));
    written.push_back(write);
    const auto* step = std::get_if<store::RetentionStep>(&write);
    done(store::WriteResult(store::RowsRemoved{step ? remove(*step) : 3}));
  }};
  jobs::Job job = retention_job(
      {.rule = [] { return RetentionRule{.outbox = days{7}, .ledger = days{30}, .consumers = {"stage"}}; },
       .time = time,
       .writer = writer});
};

TEST_F(RetentionJob, FullStepsFollowOneAnotherUntilNothingIsDue) {
  remove = [this](const auto& step) { return written.size() < 4 ? step.rows_max : 7; };
  const auto ran = jobs::run_now(job, {.clock = clock, .due = first_of_hour() + 5min});
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_EQ(written.size(), 4u);
  EXPECT_EQ(ran.progress.counts.at("removed"), 3 * 5'000 + 7);
}

TEST_F(RetentionJob, BacklogIsLeftToTheNextRunAfterAMinute) {
  remove = [this](const auto& step) {
    clock.advance(10s);
    return step.rows_max;
  };
  EXPECT_EQ(jobs::run_now(job, {.clock = clock, .due = first_of_hour() + 5min}).result.value(), jobs::Finish::complete);
  EXPECT_EQ(written.size(), 6u);
}

TEST_F(RetentionJob, FirstRunOfAnHourRemovesOldRunsToo) {
  jobs::run_now(job, {.clock = clock, .due = first_of_hour() + kRetentionPeriod});
  EXPECT_EQ(written.size(), 1u);
  const auto ran = jobs::run_now(job, {.clock = clock, .due = first_of_hour()});
  ASSERT_EQ(written.size(), 3u);
  const auto& purge = std::get<store::PurgeRuns>(std::get<store::RunWrite>(written.back()));
  EXPECT_EQ(purge.ended_before, clock.now() - kRunsKept);
  EXPECT_EQ(ran.progress.counts.at("removed"), 3);
}

TEST_F(RetentionJob, ClockInDoubtHoldsItBack) {
  clock.jump(days{40});
  const auto ran = jobs::run_now(job, {.clock = clock, .due = first_of_hour()});
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_TRUE(written.empty());
}

TEST_F(RetentionJob, StoreThatIsAwayFailsTheRun) {
  away = true;
  EXPECT_EQ(jobs::run_now(job, {.clock = clock}).result.error().message, "the store is away");
}

TEST_F(RetentionJob, CancelledRunEndsBetweenSteps) {
  EXPECT_EQ(jobs::run_now(job, {.clock = clock, .cancel = jobs::Cancel::shutdown}).result.value(),
            jobs::Finish::interrupted);
  EXPECT_TRUE(written.empty());
}

struct EnvironmentUpkeep : UpkeepJobs {
  store::memory::MemoryEnvironment environment;

  void quarantine(int count) {
    for (int i = 1; i <= count; ++i) {
      Event event;
      std::memcpy(event.id.bytes.data(), &i, sizeof i);
      event.source = "kick";
      event.type = "kick.chat.message.sent";
      event.is_json = true;
      event.body = "{}";
      store::Projection refused;
      refused.event_id = event.id;
      refused.source = event.source;
      refused.type = event.type;
      refused.status = store::Applied::quarantined;
      refused.reason = "unknown";
      append_envelope(refused.envelope, event);
      ASSERT_TRUE(environment.apply({&refused, 1}, clock.now(), nullptr));
    }
    clock.advance(1s);
  }
};

TEST_F(EnvironmentUpkeep, PurgeRemovesWhatIsTooOldInOneRun) {
  quarantine(3);
  jobs::LocalRuns runs(clock);
  const auto job = purge_job({[] { return PurgeRule{days{30}, days{30}}; }, environment, time, runs});
  EXPECT_EQ(jobs::run_now(job, {.clock = clock}).progress.counts.at("removed"), 0);
  clock.advance(days{31});
  EXPECT_EQ(jobs::run_now(job, {.clock = clock}).progress.counts.at("removed"), 6);
}

TEST_F(EnvironmentUpkeep, EveryQuarantinedEventIsTriedOnceInARun) {
  quarantine(450);  // of which one step tries 200
  const auto job = retry_quarantine_job(environment, clock);
  const auto ran = jobs::run_now(job, {.clock = clock});
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_EQ(ran.progress.counts.at("tried"), 450);
  EXPECT_EQ(ran.progress.counts.at("quarantined"), 450);
}

TEST_F(EnvironmentUpkeep, ResumedRunTriesOnlyTheRest) {
  quarantine(10);
  const auto job = retry_quarantine_job(environment, clock);
  auto first = jobs::run_now(job, {.clock = clock});
  clock.advance(1min);
  const auto resumed = jobs::run_now(job, {.clock = clock, .progress = first.progress});
  EXPECT_EQ(resumed.progress.counts.at("tried"), 10) << "those of the first holder";
}

}  // namespace
}  // namespace vf::upkeep
