// Tests the time that retention, purge and detachment use, its health check and its metrics. Oracle: the clock that a
// test moves by hand.
#include "watch/trusted_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::watch {
namespace {

using std::chrono::days;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct TrustedTimeTest : testing::Test {
  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  obs::Log log{obs::Format::human, obs::Level::error};
  obs::Metrics metrics;
  obs::Health health;
  TrustedClocks clocks{{clock, log, metrics, health}};

  void agree_for_an_hour(TrustedTime& time) {
    time.check();
    clock.advance(ClockLimits{}.agreement);
    time.check();
  }
};

TEST_F(TrustedTimeTest, IsTheClocksTimeOnceTheClocksAgree) {
  TrustedTime& time = clocks.machine();
  EXPECT_EQ(*time.now(), std::nullopt);
  clock.advance(ClockLimits{}.agreement);
  EXPECT_EQ(*time.now(), clock.now());
  clock.jump(days{40});
  EXPECT_EQ(*time.now(), std::nullopt);
  EXPECT_EQ(time.state().held_back, 2);
  EXPECT_EQ(time.state().jumps, 1);
}

TEST_F(TrustedTimeTest, StoreThatDoesNotAnswerIsAnErrorAndNoJump) {
  bool away = false;
  TrustedTime& time = clocks.server("store", [&]() -> Result<Instant> {
    if (away) return unavailable("gone");
    return clock.now();
  });
  agree_for_an_hour(time);
  away = true;
  EXPECT_EQ(time.now().error().code, Code::unavailable);
  away = false;
  EXPECT_EQ(*time.now(), clock.now());
  EXPECT_EQ(time.state().held_back, 0);
}

TEST_F(TrustedTimeTest, SlowAnswerIsNotUsedAndNoJump) {
  Millis takes{0};
  TrustedTime& time = clocks.server("store", [&]() -> Result<Instant> {
    const Instant there = clock.now();
    clock.advance(takes);
    return there;
  });
  agree_for_an_hour(time);
  takes = Millis{10'000};
  EXPECT_NE(*time.now(), std::nullopt);
  takes = Millis{10'001};
  EXPECT_EQ(*time.now(), std::nullopt);
  takes = Millis{0};
  EXPECT_EQ(*time.now(), clock.now());
  EXPECT_EQ(time.state().jumps, 0);
}

TEST_F(TrustedTimeTest, JumpOfTheServerAloneIsSeen) {
  Millis ahead{0};
  TrustedTime& server = clocks.server("store", [&]() -> Result<Instant> { return clock.now() + ahead; });
  TrustedTime& machine = clocks.machine();
  server.check();
  agree_for_an_hour(machine);
  server.check();
  ahead = days{40};
  EXPECT_EQ(*server.now(), std::nullopt);
  EXPECT_EQ(*machine.now(), clock.now());
  EXPECT_THAT(health.ready().body,
              AllOf(HasSubstr("store clock: it moved 40.0 days ahead"), Not(HasSubstr("machine"))));
}

TEST_F(TrustedTimeTest, HealthCheckFailsAndTheProcessStaysReady) {
  TrustedTime& time = clocks.machine();
  EXPECT_THAT(health.ready().body, HasSubstr(R"("clock":{"ok":true,"reason":"nothing is removed)"));
  agree_for_an_hour(time);
  EXPECT_THAT(health.ready().body, HasSubstr(R"("clock":{"ok":true})"));
  clock.jump(days{40});
  const auto answer = health.ready();  // the check reads the clock itself
  EXPECT_TRUE(answer.ready);
  EXPECT_THAT(answer.body, HasSubstr(R"("clock":{"ok":false,"reason":"machine clock: it moved 40.0 days ahead)"));
  EXPECT_THAT(metrics.render(), HasSubstr(R"(vf_clock_jumps_total{clock="machine"} 1)"));
  EXPECT_THAT(metrics.render(), HasSubstr(R"(vf_clock_held_back_total{clock="machine"} 0)"));
  EXPECT_EQ(*time.now(), std::nullopt);
  EXPECT_THAT(metrics.render(), HasSubstr(R"(vf_clock_held_back_total{clock="machine"} 1)"));
  agree_for_an_hour(time);
  EXPECT_THAT(health.ready().body, HasSubstr(R"("clock":{"ok":true})"));
}

TEST_F(TrustedTimeTest, StoresWithoutAServerShareTheClockOfTheMachine) {
  EXPECT_EQ(&clocks.machine(), &clocks.machine());
  EXPECT_NE(&clocks.machine(), &clocks.server("store", [&]() -> Result<Instant> { return clock.now(); }));
}

TEST_F(TrustedTimeTest, NewestEventKeptPutsTheFirstReadingInDoubt) {
  clocks.machine({{.newest = clock.now() - days{40}, .span = days{7}}});
  EXPECT_THAT(health.ready().body, HasSubstr("40.0 days after the receipt of the newest event kept"));
}

}  // namespace
}  // namespace vf::watch
