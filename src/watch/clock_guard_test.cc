// Tests when work that cannot be undone may follow a reading of a wall clock. Oracle: the clocks must have agreed for
// an hour; each limit at its edge.
#include "watch/clock_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::watch {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::HasSubstr;

struct ClockGuardTest : testing::Test {
  const Instant start = from_unix_millis(1'790'000'000'000);
  Millis passed{0};  // by the steady clock
  Millis off{0};     // how far the wall clock is ahead
  ClockGuard guard;

  bool reads_after(Millis by) {
    passed += by;
    return guard.may_act({.wall = start + passed + off, .steady = passed});
  }
  /// Reads once, then again after the span in which the clocks must agree.
  void begin() {
    EXPECT_FALSE(reads_after(Millis{0}));
    EXPECT_TRUE(reads_after(ClockLimits{}.agreement));
  }
};

TEST_F(ClockGuardTest, FirstHourHoldsBackWithoutDoubt) {
  EXPECT_TRUE(guard.is_holding_back());
  EXPECT_FALSE(reads_after(Millis{0}));
  EXPECT_FALSE(reads_after(ClockLimits{}.agreement - Millis{1}));
  EXPECT_EQ(guard.doubt(), "");
  EXPECT_TRUE(reads_after(Millis{1}));
  EXPECT_FALSE(guard.is_holding_back());
  EXPECT_EQ(guard.jumps(), 0);
}

TEST_F(ClockGuardTest, FortyDaysForFifteenSecondsAreTwoJumps) {
  begin();
  off = days{40};
  EXPECT_FALSE(reads_after(Millis{1'000}));
  EXPECT_THAT(guard.doubt(), HasSubstr("it moved 40.0 days ahead against the steady clock and showed 2026-"));
  for (int i = 0; i < 14; ++i) EXPECT_FALSE(reads_after(Millis{1'000}));
  EXPECT_EQ(guard.jumps(), 1);
  off = Millis{0};
  EXPECT_FALSE(reads_after(Millis{1'000}));
  EXPECT_THAT(guard.doubt(), HasSubstr("it moved 40.0 days back"));
  EXPECT_EQ(guard.jumps(), 2);
  EXPECT_FALSE(reads_after(ClockLimits{}.agreement - Millis{1}));
  EXPECT_TRUE(reads_after(Millis{1}));
  EXPECT_EQ(guard.doubt(), "");
}

TEST_F(ClockGuardTest, DifferenceOfExactlyTheLimitIsNoJump) {
  begin();
  off = ClockLimits{}.jump;
  EXPECT_TRUE(reads_after(Millis{1'000}));
  off += Millis{1};
  EXPECT_FALSE(reads_after(Millis{1'000}));
  EXPECT_EQ(guard.jumps(), 1);
}

TEST_F(ClockGuardTest, DifferenceOfExactlyTheLimitBackwardsIsNoJump) {
  begin();
  off = -ClockLimits{}.jump;
  EXPECT_TRUE(reads_after(Millis{1'000}));
  off -= Millis{1};
  EXPECT_FALSE(reads_after(Millis{1'000}));
  EXPECT_THAT(guard.doubt(), HasSubstr("60 s back"));
}

TEST_F(ClockGuardTest, SmallStepsWithinAnHourAddUp) {
  begin();
  int taken = 0;
  while (guard.jumps() == 0 && taken < 100) {
    off += Millis{5'000};
    reads_after(Millis{60'000});
    ++taken;
  }
  EXPECT_EQ(taken, 13) << "the thirteenth makes 65 s";
}

TEST_F(ClockGuardTest, SlowDriftIsNoJump) {
  begin();
  for (int hour = 0; hour < 24 * 60; ++hour) {
    off += Millis{3'600};  // a thousandth: ten times as bad as a usual quartz
    EXPECT_TRUE(reads_after(ClockLimits{}.agreement));
  }
  EXPECT_EQ(guard.jumps(), 0);
}

TEST_F(ClockGuardTest, LongSilenceWithoutAJumpIsAgreement) {
  begin();
  EXPECT_TRUE(reads_after(days{30}));
  off = hours{1};
  EXPECT_FALSE(reads_after(days{30}));
}

TEST_F(ClockGuardTest, EachJumpBeginsTheHourAgain) {
  begin();
  for (int i = 0; i < 10; ++i) {
    off += hours{2};
    EXPECT_FALSE(reads_after(ClockLimits{}.agreement - Millis{1}));
  }
  EXPECT_EQ(guard.jumps(), 10);
  EXPECT_TRUE(reads_after(ClockLimits{}.agreement));
}

TEST_F(ClockGuardTest, JumpInTheSameInstantBeginsTheHourThere) {
  begin();
  off = days{40};
  EXPECT_FALSE(reads_after(Millis{0}));
  EXPECT_FALSE(reads_after(Millis{0}));
  EXPECT_EQ(guard.jumps(), 1);
  EXPECT_TRUE(reads_after(ClockLimits{}.agreement));
}

TEST_F(ClockGuardTest, ReadingThatArrivesLateIsCompared) {
  begin();
  const auto before = passed - Millis{5};
  EXPECT_TRUE(guard.may_act({.wall = start + before, .steady = before}));
  EXPECT_FALSE(guard.may_act({.wall = start + before + days{1}, .steady = before}));
  EXPECT_FALSE(reads_after(Millis{1})) << "a jump was seen";
  EXPECT_TRUE(reads_after(ClockLimits{}.agreement));
}

TEST_F(ClockGuardTest, ClockPlausiblyAfterTheNewestEventIsNotInDoubt) {
  for (const Millis age : {Millis{-60'000}, Millis{0}, Millis{days{7}}}) {
    ClockGuard kept({{.newest = start - age, .span = days{7}}});
    EXPECT_FALSE(kept.may_act({.wall = start, .steady = {}}));
    EXPECT_EQ(kept.doubt(), "");
  }
}

TEST_F(ClockGuardTest, ClockBeyondAllEventsKeptIsInDoubtForAnHour) {
  ClockGuard kept({{.newest = start - days{7} - Millis{1}, .span = days{7}}});
  EXPECT_FALSE(kept.may_act({.wall = start, .steady = {}}));
  EXPECT_THAT(kept.doubt(), HasSubstr("7.0 days after the receipt of the newest event kept"));
  EXPECT_FALSE(kept.may_act({.wall = start + Millis{3'599'999}, .steady = Millis{3'599'999}}));
  EXPECT_TRUE(kept.may_act({.wall = start + Millis{3'600'000}, .steady = Millis{3'600'000}}));
  EXPECT_EQ(kept.doubt(), "") << "the hub was off for so long";
  EXPECT_EQ(kept.jumps(), 0);
}

TEST_F(ClockGuardTest, ClockBeforeTheNewestEventIsInDoubt) {
  ClockGuard kept({{.newest = start + Millis{60'001}, .span = days{7}}});
  EXPECT_FALSE(kept.may_act({.wall = start, .steady = {}}));
  EXPECT_THAT(kept.doubt(), HasSubstr("60 s before the receipt of the newest event kept"));
}

}  // namespace
}  // namespace vf::watch
