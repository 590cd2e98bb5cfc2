// The table of runs in memory: what it keeps. Oracle: store/runs.h. The rules of claims are tested with the scheduler.
#include "jobs/local_runs.h"

#include <gtest/gtest.h>

#include "jobs/scheduler.h"

namespace vf::jobs {
namespace {

using namespace std::chrono_literals;
using store::RunState;

struct LocalRunsTest : testing::Test {
  Uuid id() { return time_ordered_id(clock.now(), random); }
  Uuid claim(std::optional<Instant> due) {
    const auto result = table.write(store::ClaimRun{.id = id(), .job = "job", .holder = "a", .span = 10s, .due = due});
    const auto& run = std::get<store::RunClaimed>(*result).run;
    return run ? run->id : Uuid{};
  }
  void end(Uuid run, store::RunCounts counts) {
    ASSERT_TRUE(table.write(
        store::EndRun{.id = run, .holder = "a", .state = RunState::done, .progress = {.counts = std::move(counts)}}));
  }
  size_t rows() { return table.runs({.rows_max = 1000})->size(); }

  ManualClock clock{Instant{1h}};
  SeededRandom random{1};
  LocalRuns table{clock};
};

TEST_F(LocalRunsTest, IdleRunReplacesTheIdleRunBeforeIt) {
  for (int i = 0; i < 5; ++i) {
    clock.advance(1min);
    end(claim(clock.now()), {{"removed", 0}});
  }
  EXPECT_EQ(rows(), 1u);
  clock.advance(1min);
  end(claim(clock.now()), {{"removed", 7}});
  EXPECT_EQ(rows(), 2u);
}

TEST_F(LocalRunsTest, TheLastEndedRunsAreKept) {
  for (size_t i = 0; i < LocalRuns::kEndedMax + 5; ++i) {
    clock.advance(1min);
    end(claim(clock.now()), {{"removed", 1}});
  }
  EXPECT_EQ(rows(), LocalRuns::kEndedMax);
}

TEST_F(LocalRunsTest, TickOfAClockThatWasAheadDoesNotCoverLaterOnes) {
  end(claim(clock.now() + 24h), {});
  EXPECT_NE(claim(clock.now()), Uuid{});
}

TEST_F(LocalRunsTest, NoMoreThanTheLimitMayWait) {
  for (int64_t i = 0; i < store::kWaitingRunsMax; ++i) {
    EXPECT_TRUE(table.write(store::RequestRun{.id = id(), .job = "job", .asked_by = "a test", .alone = false}));
  }
  const auto refused = table.write(store::RequestRun{.id = id(), .job = "job", .asked_by = "a test", .alone = false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
}

}  // namespace
}  // namespace vf::jobs
