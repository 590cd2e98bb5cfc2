// How long a process waits at its start for a store that is away. The clock moves only while it pauses.
#include "app/store_wait.h"

#include <gtest/gtest.h>

namespace vf::app {
namespace {

struct StoreWaitTest : testing::Test {
  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  std::vector<std::string> lines;
  obs::Log log{obs::Log::Params{.clock = &clock, .sink = [this](std::string_view line) { lines.emplace_back(line); }}};
  obs::Metrics metrics;
  obs::Health health;
  obs::Services services{clock, log, metrics, health};
  int attempts = 0;
  int stop_at_attempt = 0;  // 0: never
  int waits_begun = 0;
  std::weak_ptr<void> wait;

  Result<int> open(Millis at_most, const std::function<Result<int>()>& attempt) {
    const auto pause = [this](Millis span) {
      EXPECT_EQ(waits_begun, 1);
      EXPECT_FALSE(wait.expired());
      clock.advance(span);
      return attempts != stop_at_attempt;
    };
    const auto begin = [this]() -> std::shared_ptr<void> {
      ++waits_begun;
      auto begun = std::make_shared<int>();
      wait = begun;
      return begun;
    };
    StoreWait store({"ingest.store", at_most, services, {pause, begin}});
    auto opened = store.open([&]() -> Result<int> {
      ++attempts;
      return attempt();
    });
    EXPECT_TRUE(wait.expired()) << "it ends with the wait";
    return opened;
  }
  static Result<int> away() { return unavailable("connection refused"); }
};

TEST_F(StoreWaitTest, StoreThatIsThereIsOpenedAtOnce) {
  EXPECT_EQ(*open(Millis{0}, [] { return Result<int>(7); }), 7);
  EXPECT_EQ(attempts, 1);
}

TEST_F(StoreWaitTest, WithoutASpanTheFirstFailureIsTheResult) {
  EXPECT_EQ(open(Millis{0}, away).error().message, "connection refused");
  EXPECT_EQ(attempts, 1);
  EXPECT_EQ(waits_begun, 0);
  EXPECT_TRUE(lines.empty());
}

TEST_F(StoreWaitTest, StoreThatComesLaterIsOpened) {
  EXPECT_EQ(*open(Millis{60'000}, [this] { return attempts < 20 ? away() : Result<int>(7); }), 7);
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(
      lines.front().contains("waiting for a store that is away store=ingest.store"
                             " reason=\"connection refused\" seconds_left=60"))
      << lines.front();
}

TEST_F(StoreWaitTest, ItIsGivenUpAtTheEndOfTheSpanAfterOneMoreAttempt) {
  const Instant begun = clock.now();
  Instant last;
  const auto opened = open(Millis{20'100}, [&] {
    last = clock.now();
    return away();
  });
  EXPECT_EQ(opened.error().code, Code::unavailable);
  EXPECT_EQ(last - begun, Millis{20'100});
  EXPECT_EQ(clock.now(), last);
  EXPECT_EQ(lines.size(), 5u) << "a line every five seconds";
}

TEST_F(StoreWaitTest, AnotherErrorIsTheResultAtOnce) {
  const auto opened =
      open(Millis{60'000}, [this] { return attempts < 3 ? away() : Result<int>(conflict("it lacks migrations")); });
  EXPECT_EQ(opened.error().code, Code::conflict);
  EXPECT_EQ(attempts, 3);
}

TEST_F(StoreWaitTest, StopEndsTheWait) {
  stop_at_attempt = 4;
  EXPECT_FALSE(open(Millis{60'000}, away));
  EXPECT_EQ(attempts, 4);
}

}  // namespace
}  // namespace vf::app
