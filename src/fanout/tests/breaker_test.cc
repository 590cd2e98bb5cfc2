// The breaker, call by call. Oracle: the rules in its header.
#include "fanout/breaker.h"

#include <gtest/gtest.h>

namespace vf::fanout {
namespace {

using std::chrono::milliseconds;

struct BreakerTest : testing::Test {
  SeededRandom random{7};
  Breaker breaker{{.window_max = 3, .backoff_first = Millis{100}, .backoff_max = Millis{1000}}, random};
  SteadyTime now{milliseconds{5000}};

  void probe() {
    now = breaker.retry_at().value();
    ASSERT_TRUE(breaker.may_send(now, 0));
    breaker.sent();
  }
};

TEST_F(BreakerTest, WindowWidensOneByOneUpToItsLimit) {
  for (const size_t window : {1u, 2u, 3u, 3u}) {
    EXPECT_TRUE(breaker.may_send(now, window - 1));
    EXPECT_FALSE(breaker.may_send(now, window));
    breaker.succeeded();
  }
}

TEST_F(BreakerTest, AfterAFailureOneProbeGoesWhenItIsDue) {
  breaker.succeeded();
  breaker.failed(now, std::nullopt);
  const SteadyTime at = breaker.retry_at().value();
  EXPECT_FALSE(breaker.may_send(at - SteadyTime{1}, 0));
  EXPECT_TRUE(breaker.may_send(at, 0));
  EXPECT_FALSE(breaker.may_send(at, 1));
}

TEST_F(BreakerTest, SuccessfulProbeClosesItWithAWindowOfOne) {
  for (int i = 0; i < 3; ++i) breaker.succeeded();
  breaker.failed(now, std::nullopt);
  probe();
  breaker.succeeded();
  EXPECT_TRUE(breaker.closed());
  EXPECT_EQ(breaker.window(), 1u);
}

TEST_F(BreakerTest, BacksOffExponentiallyWithFullJitterUpToItsLimit) {
  SteadyTime longest{0};
  for (int failures = 1; failures <= 40; ++failures) {
    if (failures > 1) probe();
    breaker.failed(now, std::nullopt);
    const SteadyTime waits = breaker.retry_at().value() - now;
    const auto ceiling = std::min<int64_t>(1000, 100LL << std::min(failures - 1, 10));
    EXPECT_GT(waits.count(), 0);
    EXPECT_LE(waits, milliseconds{ceiling}) << failures;
    longest = std::max(longest, waits);
  }
  EXPECT_GT(longest, milliseconds{500});  // not stuck at the first step
}

TEST_F(BreakerTest, WindowThatFailsTogetherCountsOnce) {
  for (int i = 0; i < 3; ++i) breaker.failed(now, std::nullopt);
  EXPECT_EQ(breaker.failures(), 1);
  probe();
  breaker.failed(now, std::nullopt);
  EXPECT_EQ(breaker.failures(), 2);
}

TEST_F(BreakerTest, SuccessFromBeforeTheFailureDoesNotCloseIt) {
  breaker.failed(now, std::nullopt);
  breaker.succeeded();
  EXPECT_FALSE(breaker.closed());
}

TEST_F(BreakerTest, RetryAfterIsHonouredUpToAnHour) {
  breaker.failed(now, std::chrono::seconds{30});
  EXPECT_EQ(breaker.retry_at(), now + std::chrono::seconds{30});
  breaker.failed(now, std::chrono::seconds{40});  // another of the same window asks for more
  EXPECT_EQ(breaker.retry_at(), now + std::chrono::seconds{40});
  probe();
  breaker.failed(now, std::chrono::hours{48});
  EXPECT_EQ(breaker.retry_at(), now + std::chrono::hours{1});
}

}  // namespace
}  // namespace vf::fanout
