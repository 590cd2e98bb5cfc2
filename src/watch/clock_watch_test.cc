// Tests the health check for a clock that is wrong. Oracle: its grade, its text, the body of /readyz.
#include "watch/clock_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory/outbox.h"
#include "watch/store_clock.h"

namespace vf::watch {
namespace {

using testing::HasSubstr;
using Grade = ClockDifference::Grade;

class ClockWatch : public testing::Test {
 protected:
  ClockDifference ahead_by(Millis by) {
    const auto difference = compare_clocks(clock_, [&]() -> Result<Instant> { return clock_.now() - by; });
    EXPECT_TRUE(difference);
    return difference ? *difference : ClockDifference{};
  }

  ManualClock clock_{from_unix_millis(1'790'000'000'000)};
};

TEST_F(ClockWatch, WarnsAboveFiveSecondsAndIsAProblemAboveFiveMinutes) {
  EXPECT_EQ(ahead_by(Millis{5'000}).grade, Grade::ok);
  EXPECT_EQ(ahead_by(Millis{5'001}).grade, Grade::warning);
  EXPECT_EQ(ahead_by(Millis{300'000}).grade, Grade::warning);
  EXPECT_EQ(ahead_by(Millis{300'001}).grade, Grade::problem);
  EXPECT_EQ(ahead_by(Millis{-5'000}).grade, Grade::ok);
  EXPECT_EQ(ahead_by(Millis{-5'001}).grade, Grade::warning);
  EXPECT_EQ(ahead_by(Millis{-300'001}).grade, Grade::problem);
}

TEST_F(ClockWatch, TheDetailNamesTheDifferenceAndTheCorrection) {
  EXPECT_EQ(ahead_by(Millis{12}).detail, "this machine's clock is 0.012 s ahead of the PostgreSQL server's");
  EXPECT_THAT(ahead_by(Millis{-61'500}).detail, HasSubstr("61.500 s behind the PostgreSQL server's: let NTP set both"));
  EXPECT_THAT(ahead_by(std::chrono::days{40}).detail, HasSubstr("3456000.000 s ahead"));
  EXPECT_THAT(ahead_by(std::chrono::days{40}).detail, HasSubstr("they are refused: let NTP"));
}

TEST_F(ClockWatch, ASlowAnswerIsNoDifference) {
  const auto difference = compare_clocks(clock_, [this]() -> Result<Instant> {
    clock_.advance(Millis{10'000});
    const Instant there = clock_.now();
    clock_.advance(Millis{10'000});
    return there;
  });
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->grade, Grade::ok);
}

TEST_F(ClockWatch, TheHealthCheckFailsAndTheProcessStaysReady) {
  obs::Log log{obs::Format::human, obs::Level::error};
  obs::Metrics metrics;
  obs::Health health;
  Result<Instant> there = clock_.now();
  watch_clock("store clock", [&] { return there; }, {clock_, log, metrics, health});
  EXPECT_THAT(health.ready().body, HasSubstr(R"("store clock":{"ok":true})"));
  there = clock_.now() - std::chrono::days{40};
  const auto answer = health.ready();
  EXPECT_TRUE(answer.ready);
  EXPECT_THAT(answer.body, HasSubstr("3456000.000 s ahead of the PostgreSQL server's"));
  there = unavailable("gone");
  EXPECT_THAT(health.ready().body, HasSubstr(R"("store clock":{"ok":true})"));
}

struct ClockedStore : store::memory::MemoryOutbox {
  Result<Instant> there = unavailable("gone");
  Result<Instant> time(Instant) override { return there; }
};

TEST_F(ClockWatch, StoreClockGoesOnWhileTheStoreDoesNotAnswer) {
  ClockedStore store;
  const StoreClock time(store, clock_);
  EXPECT_EQ(time.now(), clock_.now());
  store.there = clock_.now() - std::chrono::days{40};
  EXPECT_EQ(time.now(), *store.there);
  store.there = unavailable("gone");
  clock_.advance(Millis{1'000});
  EXPECT_EQ(time.now(), clock_.now() - std::chrono::days{40});
}

}  // namespace
}  // namespace vf::watch
