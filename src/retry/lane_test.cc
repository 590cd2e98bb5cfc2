// The events that failed alone: their timers, counts, rows and deaths. Oracle: the comments of lane.h.
#include "retry/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace vf::retry {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Uuid id(int number) {
  Uuid uuid{};
  uuid.bytes[0] = static_cast<uint8_t>(number >> 8);
  uuid.bytes[1] = static_cast<uint8_t>(number & 0xff);
  return uuid;
}

const Outcome kFailed{.status = 500};
const Outcome kOverloaded{.status = 503};

struct LaneTest : testing::Test {
  LaneTest() { make({.first = 1s, .longest = 60s, .attempts = 15}); }
  void make(const Params& with) {
    params = with;
    lane.emplace(params, random);
  }
  Time now() const { return {.wall = clock.now(), .steady = clock.steady()}; }
  void add(int number, const Outcome& outcome = kFailed) { lane->add(id(number), {}, outcome, now()); }
  void fail(int number, const Outcome& outcome = kFailed) {
    lane->began(id(number));
    lane->failed(id(number), outcome, {}, now());
  }
  void count(int number, int times) {
    for (int i = 0; i < times; ++i) lane->count(id(number));
  }
  bool is_dead(int number) const { return lane->is_dead(id(number), clock.steady()); }
  Millis delay(int number) const { return lane->find(id(number))->next_attempt_at - clock.now(); }
  void expect_delay(int number, Millis most) const {
    EXPECT_GE(delay(number), most / 2);
    EXPECT_LE(delay(number), most);
    EXPECT_EQ(lane->due_at(), clock.steady() + delay(number)) << "both clocks say the same";
  }

  Params params;
  SeededRandom random{1};
  std::optional<Lane> lane;
  ManualClock clock{from_unix_millis(1'700'000'000'000)};
};

TEST_F(LaneTest, DelayDoublesFromFirstToLongest) {
  for (int round = 0; round < 20; ++round) {
    add(round);
    for (const Millis most : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
      expect_delay(round, most);
      fail(round);
    }
    lane->remove(id(round));
  }
}

TEST_F(LaneTest, DelayTriplesAfterTenCountedAttemptsUpToSixHours) {
  for (int round = 0; round < 20; ++round) {
    add(round);
    for (int i = 0; i < 8; ++i) fail(round);
    count(round, 9);
    fail(round);
    expect_delay(round, 60s);
    for (const Millis most : {3min, 9min, 27min, 81min, 243min, 360min, 360min}) {
      count(round, 1);
      fail(round);
      expect_delay(round, most);
    }
    lane->remove(id(round));
  }
}

TEST_F(LaneTest, LongestMayBeLongerThanSixHours) {
  make({.first = 24h, .longest = 24h});
  add(1);
  count(1, 30);
  fail(1);
  expect_delay(1, 24h);
}

TEST_F(LaneTest, EventIsDueOnItsOwnTimer) {
  add(1);
  fail(1);
  fail(1);
  add(2);
  EXPECT_EQ(lane->next_due(clock.steady()), std::nullopt);
  const SteadyTime first = lane->due_at().value();
  EXPECT_EQ(lane->next_due(first - SteadyTime{1}), std::nullopt);
  EXPECT_EQ(lane->next_due(first), id(2));
  lane->began(id(2));
  EXPECT_EQ(lane->next_due(clock.steady() + 4s), id(1));
  lane->began(id(1));
  EXPECT_EQ(lane->next_due(clock.steady() + 24h), std::nullopt) << "both are in flight";
  EXPECT_EQ(lane->due_at(), std::nullopt);
}

TEST_F(LaneTest, RetryAfterDelaysThatEventOnly) {
  add(1, {.status = 503, .retry_after = 10min});
  add(2);
  EXPECT_EQ(delay(1), 10min);
  EXPECT_LE(delay(2), 1s);
  fail(2, {.status = 429, .retry_after = 2h});
  EXPECT_EQ(delay(2), 1h) << "cut to the longest that is honoured";
  fail(2, {.status = 429, .retry_after = 0s});
  EXPECT_GE(delay(2), 2s) << "no shorter than the event's own delay";
}

TEST_F(LaneTest, NothingBeginsWhileTheRowIsBeingWritten) {
  add(1);
  lane->hold(id(1));
  lane->hold(id(1));
  lane->release(id(1));
  EXPECT_EQ(lane->next_due(clock.steady() + 24h), std::nullopt) << "one of two writes is still on its way";
  lane->release(id(1));
  EXPECT_EQ(lane->next_due(clock.steady() + 24h), id(1));
  lane->began(id(1));
  lane->hold(id(1));
  lane->failed(id(1), kFailed, {}, now());
  EXPECT_EQ(lane->next_due(clock.steady() + 24h), std::nullopt);
  lane->release(id(1));
  EXPECT_EQ(lane->next_due(clock.steady() + 24h), id(1));
  lane->remove(id(1));
  lane->release(id(1));
  EXPECT_EQ(lane->size(), 0u);
}

TEST_F(LaneTest, HurryMakesEveryEventDue) {
  add(1, {.status = 503, .retry_after = 1h});
  add(2);
  lane->hurry(clock.steady());
  for (int i = 0; i < 2; ++i) lane->began(lane->next_due(clock.steady()).value());
}

TEST_F(LaneTest, DiesAfterItsCountedAttemptsAndNotBeforeAnHour) {
  add(1);
  count(1, 14);
  clock.advance(24h);
  EXPECT_FALSE(is_dead(1));
  count(1, 1);
  EXPECT_TRUE(is_dead(1));

  add(2);
  count(2, 1000);
  clock.advance(60 * 60s - 1ms);
  EXPECT_FALSE(is_dead(2)) << "60 times the longest delay";
  clock.advance(1ms);
  EXPECT_TRUE(is_dead(2));
  lane->began(id(2));
  EXPECT_FALSE(is_dead(2)) << "an attempt is in flight, which may be delivered";
}

TEST_F(LaneTest, TenAttemptsAtLeastAndTwentyWhenTheLastAnswerWas503) {
  make({.longest = 60s, .attempts = 1});
  add(1);
  count(1, 9);
  add(2, kOverloaded);
  count(2, 19);
  clock.advance(1h);
  EXPECT_FALSE(is_dead(1));
  EXPECT_FALSE(is_dead(2));
  lane->count(id(1));
  EXPECT_TRUE(is_dead(1));
  fail(1, kOverloaded);
  EXPECT_FALSE(is_dead(1));
  fail(2);
  EXPECT_TRUE(is_dead(2)) << "the last answer was another one";
  fail(2, kOverloaded);
  lane->count(id(2));
  EXPECT_TRUE(is_dead(2));
}

TEST_F(LaneTest, NoEventMustWaitLongerThanADayToDie) {
  EXPECT_EQ(lane->die_after(), 1h);
  make({.longest = 50ms});
  EXPECT_EQ(lane->die_after(), 3s);
  make({.longest = 24min});
  EXPECT_EQ(lane->die_after(), 24h);
  make({.longest = 24min + 1ms});
  EXPECT_EQ(lane->die_after(), 24h);
}

TEST_F(LaneTest, RestoredEventKeepsItsCountItsAgeAndItsTimer) {
  lane->restore(id(1), {.first_failed_at = clock.now() - 1h, .counted = 15, .next_attempt_at = clock.now() + 5min},
                now());
  EXPECT_EQ(lane->due_at(), clock.steady() + 5min);
  EXPECT_EQ(lane->recorded(), 1u);
  EXPECT_TRUE(is_dead(1));
  fail(1);
  EXPECT_GE(delay(1), 360min / 2) << "the delay of an event with 15 counted attempts";
}

TEST_F(LaneTest, RestoredTimerIsNoLongerThanADelayMayBe) {
  lane->restore(id(1), {.first_failed_at = clock.now(), .next_attempt_at = clock.now() + 24h * 40}, now());
  EXPECT_EQ(lane->due_at(), clock.steady() + 6h) << "the clock was ahead when the row was written";
  lane->remove(id(1));
  lane->restore(id(1), {.first_failed_at = clock.now(), .next_attempt_at = clock.now() - 24h * 40}, now());
  EXPECT_EQ(lane->due_at(), clock.steady());
}

TEST_F(LaneTest, RestoredEventOfTheFutureIsNewNotOld) {
  clock.advance(24h);
  lane->restore(id(1), {.first_failed_at = clock.now() + 24h * 40, .counted = 100}, now());
  clock.advance(1h - 1ms);
  EXPECT_FALSE(is_dead(1));
  clock.advance(1ms);
  EXPECT_TRUE(is_dead(1));
}

TEST_F(LaneTest, RestoringAnEventThatWaitsChangesNothing) {
  add(1);
  count(1, 3);
  lane->restore(id(1), {.counted = 1}, now());
  EXPECT_EQ(lane->find(id(1))->counted, 3);
  EXPECT_EQ(lane->recorded(), 0u);
  EXPECT_EQ(lane->size(), 1u);
}

TEST_F(LaneTest, AttemptThatEndsAfterItsEventWasRestoredLeavesOneTimer) {
  add(1);
  lane->began(id(1));
  lane->remove(id(1));
  lane->restore(id(1), {.first_failed_at = clock.now(), .next_attempt_at = clock.now()}, now());
  EXPECT_EQ(lane->next_due(clock.steady()), id(1));
  lane->failed(id(1), kFailed, {}, now());
  EXPECT_EQ(lane->next_due(clock.steady()), std::nullopt);
  EXPECT_EQ(lane->next_due(clock.steady() + 2s), id(1));
}

TEST_F(LaneTest, RemovingHeldEventsKeepsRecordedOnes) {
  add(1);
  add(2);
  add(3);
  lane->set_recorded(id(2));
  lane->set_recorded(id(2));
  EXPECT_EQ(lane->recorded(), 1u);
  EXPECT_THAT(lane->held(), UnorderedElementsAre(id(1), id(3)));
  EXPECT_THAT(lane->recorded_ids(), ElementsAre(id(2)));
  lane->remove_held();
  EXPECT_EQ(lane->size(), 1u);
  EXPECT_THAT(lane->held(), IsEmpty());
  EXPECT_TRUE(lane->has(id(2)));
  lane->remove(id(2));
  lane->remove(id(2));
  EXPECT_EQ(lane->recorded(), 0u);
  EXPECT_EQ(lane->due_at(), std::nullopt);
}

TEST_F(LaneTest, MostCountedHasTenAtLeastAndNoAttemptInFlight) {
  for (int number = 0; number < 5; ++number) {
    add(number);
    count(number, 9);
    if (number != 4) lane->set_recorded(id(number));
  }
  EXPECT_EQ(lane->most_counted(), std::nullopt);
  count(1, 1);
  EXPECT_EQ(lane->most_counted(), id(1));
  count(2, 2);
  EXPECT_EQ(lane->most_counted(), id(2));
  count(3, 3);
  count(4, 4);  // has no row
  lane->began(id(3));
  EXPECT_EQ(lane->most_counted(), id(2));
}

TEST_F(LaneTest, IsFullAtItsBoundOfRecordedEvents) {
  EXPECT_EQ(Params{}.recorded_max, 10'000u);
  make({.recorded_max = 3});
  for (int number = 0; number < 4; ++number) add(number);
  for (int number = 0; number < 3; ++number) {
    EXPECT_FALSE(lane->is_full());
    lane->set_recorded(id(number));
  }
  EXPECT_TRUE(lane->is_full());
  lane->remove(id(3));
  EXPECT_TRUE(lane->is_full());
  lane->remove(id(0));
  EXPECT_FALSE(lane->is_full());
}

}  // namespace
}  // namespace vf::retry
