// The rule as a whole: what is sent next, and what becomes of an event. Oracle: the comments of rule.h.
#include "retry/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace vf::retry {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

Uuid id(int number) {
  Uuid uuid{};
  uuid.bytes[0] = static_cast<uint8_t>(number >> 8);
  uuid.bytes[1] = static_cast<uint8_t>(number & 0xff);
  return uuid;
}

const Outcome kDelivered{.delivered = true, .status = 200};
const Outcome kFailed{.status = 500};

using Changes = std::vector<Rule::Change>;

struct RuleTest : testing::Test {
  RuleTest() { make({.window_max = 8, .first = 1s, .longest = 60s, .attempts = 10}); }
  void make(const Params& params) { rule.emplace(params, random); }

  Time now() const { return {.wall = clock.now(), .steady = clock.steady()}; }
  Rule::Next next(bool held_wait) const { return rule->next(clock.steady(), held_wait); }
  uint64_t begin(Kind kind = Kind::fresh) { return rule->began(kind, clock.steady()); }
  Changes end(uint64_t request, const Outcome& outcome) {
    return rule->ended(request, outcome, {.full = "HTTP", .for_log = "HTTP"}, now());
  }
  Changes send(const Outcome& outcome, Kind kind = Kind::fresh) { return end(begin(kind), outcome); }
  /// A fresh request of one event fails; the event is in the lane afterwards.
  Changes fail_alone(int number, const Outcome& outcome = kFailed, bool has_row = false) {
    send(outcome);
    return rule->failed_alone(id(number), {.is_recorded = has_row}, outcome, now());
  }
  Changes attempt(int number, const Outcome& outcome = kFailed) {
    return end(rule->began_alone(id(number), clock.steady()), outcome);
  }
  /// An attempt between two deliveries. Returns what the second one decides.
  Changes counted_attempt(int number, const Outcome& outcome = kFailed) {
    send(kDelivered);
    attempt(number, outcome);
    return send(kDelivered);
  }
  int64_t counted(int number) const { return rule->lane().find(id(number))->counted; }

  SeededRandom random{1};
  std::optional<Rule> rule;
  ManualClock clock{from_unix_millis(1'700'000'000'000)};
};

TEST_F(RuleTest, FirstFailureNeverCounts) {
  send(kDelivered);
  EXPECT_THAT(fail_alone(1), IsEmpty());
  EXPECT_THAT(send(kDelivered), IsEmpty());
  EXPECT_EQ(counted(1), 0);
}

TEST_F(RuleTest, AttemptBetweenDeliveriesCountsAndIsStored) {
  fail_alone(1);
  const auto changes = counted_attempt(1);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].event_id, id(1));
  EXPECT_EQ(changes[0].entry.counted, 1);
  EXPECT_TRUE(changes[0].entry.is_recorded);
  EXPECT_EQ(changes[0].entry.reason.full, "HTTP");
  EXPECT_FALSE(changes[0].is_dead);
}

TEST_F(RuleTest, TooManyRequestsNeverCounts) {
  fail_alone(1);
  EXPECT_THAT(counted_attempt(1, {.status = 429}), IsEmpty());
  EXPECT_EQ(counted(1), 0);
  counted_attempt(1, {.status = 430});
  EXPECT_EQ(counted(1), 1);
}

TEST_F(RuleTest, PiecesAreNoEvidence) {
  fail_alone(1);
  send(kDelivered, Kind::piece);
  EXPECT_THAT(attempt(1), IsEmpty());
  send(kDelivered, Kind::piece);
  EXPECT_EQ(counted(1), 0);
  send(kDelivered);
  attempt(1);
  send(kFailed, Kind::piece);
  send(kDelivered);
  EXPECT_EQ(counted(1), 1) << "the piece that failed between them says nothing either";
}

TEST_F(RuleTest, RowIsWrittenAtTheFirstAttemptThatFailsAfterADelivery) {
  fail_alone(1);
  EXPECT_THAT(attempt(1), IsEmpty()) << "the fresh request before it failed";
  send(kDelivered);
  const auto changes = attempt(1);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].entry.counted, 0);
  EXPECT_FALSE(changes[0].is_dead);
  EXPECT_THAT(attempt(1), IsEmpty()) << "its row says so already";
}

TEST_F(RuleTest, OutageWritesNoRowAndKillsNothing) {
  send(kDelivered);
  for (int number = 0; number < 100; ++number) fail_alone(number);
  for (int hour = 0; hour < 1000; ++hour) {
    clock.advance(1h);
    EXPECT_EQ(next(true), Rule::Next::held) << "the lane is silent";
    ASSERT_EQ(next(false), Rule::Next::alone);
    const Uuid probed = rule->next_alone(clock.steady());
    EXPECT_THAT(end(rule->began_alone(probed, clock.steady()), kFailed), IsEmpty());
  }
  EXPECT_EQ(rule->lane().size(), 100u);
  EXPECT_EQ(rule->lane().recorded(), 0u);
}

TEST_F(RuleTest, EventDiesAfterTenCountedAttempts) {
  fail_alone(1);
  clock.advance(2h);
  for (int attempts = 1; attempts < 10; ++attempts) {
    const auto changes = counted_attempt(1);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_FALSE(changes[0].is_dead);
  }
  const auto changes = counted_attempt(1);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_TRUE(changes[0].is_dead);
  EXPECT_EQ(changes[0].entry.counted, 10);
  EXPECT_FALSE(rule->lane().has(id(1)));
}

TEST_F(RuleTest, EventOldEnoughDiesAtItsNextFailure) {
  fail_alone(1);
  for (int i = 0; i < 12; ++i) counted_attempt(1);
  EXPECT_EQ(counted(1), 12);
  clock.advance(1h);
  const auto changes = attempt(1, {.status = 429});
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_TRUE(changes[0].is_dead);
}

TEST_F(RuleTest, AttemptThatIsDeliveredTakesTheEventOutOfTheLane) {
  fail_alone(1);
  counted_attempt(1);
  EXPECT_THAT(attempt(1, kDelivered), IsEmpty());
  EXPECT_FALSE(rule->lane().has(id(1)));
  EXPECT_THAT(send(kDelivered), IsEmpty());
}

TEST_F(RuleTest, AttemptAtAnEventThatLeftTheLaneDecidesNothing) {
  fail_alone(1);
  send(kDelivered);
  const auto request = rule->began_alone(id(1), clock.steady());
  rule->lane().remove(id(1));
  EXPECT_THAT(end(request, kFailed), IsEmpty());
  EXPECT_THAT(send(kDelivered), IsEmpty());
}

TEST_F(RuleTest, EventWithARowIsRecordedAtOnce) {
  const auto changes = fail_alone(1, kFailed, true);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].entry.first_failed_at, clock.now());
  EXPECT_EQ(rule->lane().recorded(), 1u);
}

TEST_F(RuleTest, HeldEventsAndEventsAloneTakeTurns) {
  send(kDelivered);
  for (int number = 0; number < 3; ++number) fail_alone(number);
  send(kDelivered);
  clock.advance(1s);
  EXPECT_EQ(next(true), Rule::Next::alone);
  attempt(0, kDelivered);
  EXPECT_EQ(next(true), Rule::Next::held);
  send(kDelivered);
  EXPECT_EQ(next(true), Rule::Next::alone);
  attempt(1, kDelivered);
  EXPECT_EQ(next(false), Rule::Next::alone) << "nothing else waits";
  attempt(2, kDelivered);
  EXPECT_EQ(next(false), Rule::Next::nothing);
  EXPECT_EQ(next(true), Rule::Next::held);
}

TEST_F(RuleTest, RequestAfterAnyFailureBeginsAtRandom) {
  EXPECT_FALSE(rule->begins_at_random());
  send(kFailed);
  EXPECT_TRUE(rule->begins_at_random());
  const auto request = begin();
  EXPECT_FALSE(rule->begins_at_random()) << "one of them does";
  end(request, kDelivered);
  EXPECT_FALSE(rule->begins_at_random());
  send(kFailed, Kind::piece);
  EXPECT_TRUE(rule->begins_at_random());
  rule->failed_alone(id(1), {}, kFailed, now());
  send(kDelivered);
  clock.advance(1s);
  attempt(1);
  EXPECT_TRUE(rule->begins_at_random());
}

TEST_F(RuleTest, ProbeIsAnEventAloneOnceItIsDueWhenNothingElseIsHeld) {
  for (int number = 0; number < 5; ++number) fail_alone(number, {.status = 503, .retry_after = 1min});
  ASSERT_TRUE(rule->pace().is_backing_off());
  EXPECT_EQ(rule->next_change(clock.steady()), clock.steady() + 1min);
  clock.advance(1min - 1ms);
  EXPECT_EQ(next(false), Rule::Next::nothing) << "these events asked for a minute";
  clock.advance(1ms);
  EXPECT_EQ(next(false), Rule::Next::alone);
  EXPECT_EQ(next(true), Rule::Next::held);
  attempt(0, kDelivered);
  EXPECT_FALSE(rule->pace().is_backing_off());
}

TEST_F(RuleTest, EventAloneThatIsProbedDoesNotSpeakForTheReceiver) {
  for (int number = 0; number < 5; ++number) fail_alone(number);
  clock.advance(2s);
  ASSERT_EQ(next(false), Rule::Next::alone);
  attempt(0, {.status = 503, .retry_after = 1h});
  clock.advance(2s);
  EXPECT_EQ(next(true), Rule::Next::held) << "another event need not wait for an hour";
}

TEST_F(RuleTest, LongRetryAfterIsTestedWithAnEventThatNeverFailed) {
  fail_alone(1, {.status = 503, .retry_after = 1h});
  EXPECT_TRUE(rule->prefers_fresh());
  EXPECT_TRUE(rule->begins_at_random());
  EXPECT_EQ(rule->next_change(clock.steady()), clock.steady() + 1min);
  clock.advance(1min);
  EXPECT_EQ(next(false), Rule::Next::nothing) << "with nothing else held it waits as asked";
  ASSERT_EQ(next(true), Rule::Next::held);
  send(kDelivered);
  EXPECT_FALSE(rule->prefers_fresh());
  EXPECT_EQ(next(true), Rule::Next::held);
  EXPECT_EQ(next(false), Rule::Next::nothing) << "the first event waits as long as it was asked to";
}

TEST_F(RuleTest, LongRetryAfterIsTestedWithOneEventAloneWhereNothingElseIsHeld) {
  fail_alone(1);
  fail_alone(2);
  send({.status = 503, .retry_after = 1h});
  clock.advance(1min);
  ASSERT_EQ(next(false), Rule::Next::alone);
  attempt(1);
  clock.advance(1min);
  EXPECT_EQ(next(false), Rule::Next::nothing);
  EXPECT_EQ(rule->next_change(clock.steady()), clock.steady() + 58min);
  EXPECT_EQ(next(true), Rule::Next::held);
}

TEST_F(RuleTest, EventThatWaitsLongGetsItsRowOnceAnotherIsDelivered) {
  for (const int status : {503, 404}) {
    make({.first = 1s, .longest = 60s});
    fail_alone(1, {.status = status, .retry_after = 1h});
    fail_alone(2, {.status = status, .retry_after = 60s});
    rule->forgive_receiver();
    const auto changes = send(kDelivered, status == 503 ? Kind::fresh : Kind::piece);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].event_id, id(1));
    EXPECT_TRUE(changes[0].entry.is_recorded);
    EXPECT_EQ(changes[0].entry.counted, 0);
    EXPECT_EQ(changes[0].entry.next_attempt_at, clock.now() + 1h);
    EXPECT_THAT(send(kDelivered), IsEmpty());
  }
}

TEST_F(RuleTest, EventAskedToWaitLongAtALaterAttemptGetsItsRowToo) {
  fail_alone(1);
  EXPECT_THAT(attempt(1, {.status = 503, .retry_after = 1h}), IsEmpty()) << "nothing was delivered yet";
  EXPECT_THAT(send(kDelivered), SizeIs(1));
}

TEST_F(RuleTest, FailuresInARowBeginWithAFreshOneAndEndWithADelivery) {
  send(kFailed);
  EXPECT_EQ(rule->failures_in_a_row(), 0) << "no event waits";
  fail_alone(1);
  for (int failures = 2; failures < 10; ++failures) {
    EXPECT_EQ(rule->failures_in_a_row(), failures);
    attempt(1);
  }
  send(kDelivered);
  EXPECT_EQ(rule->failures_in_a_row(), 0);
  attempt(1);
  ASSERT_TRUE(rule->lane().find(id(1))->is_recorded);
  attempt(1);
  fail_alone(2);
  EXPECT_EQ(rule->failures_in_a_row(), 1);
}

TEST_F(RuleTest, EventThatFailedBeforeADeliveryBeginsNoRowOfFailures) {
  send(kFailed);
  send(kDelivered, Kind::piece);
  send(kFailed, Kind::piece);
  rule->failed_alone(id(1), {}, kFailed, now());
  for (int i = 0; i < 10; ++i) attempt(1);
  EXPECT_EQ(rule->failures_in_a_row(), 0);
}

TEST_F(RuleTest, BoundOnHeldEventsGivesThemRows) {
  for (int number = 0; number < 3; ++number) fail_alone(number);
  const auto changes = rule->record_held();
  EXPECT_THAT(changes, SizeIs(3));
  EXPECT_THAT(rule->record_held(), IsEmpty());
}

TEST_F(RuleTest, LongWaitsGetNoRowInAFullLane) {
  make({.recorded_max = 1});
  fail_alone(1);
  rule->record_held();
  fail_alone(2, {.status = 404, .retry_after = 1h});
  EXPECT_THAT(send(kDelivered), IsEmpty());
  EXPECT_FALSE(rule->is_full()) << "the event can wait in memory";
}

struct FullLane : RuleTest {
  FullLane() {
    make({.attempts = 1000, .recorded_max = 3});
    for (int number = 0; number < 3; ++number) fail_alone(number);
    rule->record_held();
  }
};

TEST_F(FullLane, EventWithTheMostCountedAttemptsMakesRoom) {
  for (int i = 0; i < 11; ++i) counted_attempt(0);
  for (int i = 0; i < 12; ++i) counted_attempt(1);
  fail_alone(3);
  const auto changes = rule->record_held();
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].event_id, id(1));
  EXPECT_TRUE(changes[0].is_dead);
  EXPECT_EQ(changes[1].event_id, id(3));
  EXPECT_FALSE(changes[1].is_dead);
  EXPECT_FALSE(rule->is_full());
  EXPECT_EQ(rule->lane().recorded(), 3u);
}

TEST_F(FullLane, EventStaysHeldWhenNoneHasTenCountedAttempts) {
  for (int i = 0; i < 9; ++i) counted_attempt(0);
  fail_alone(3);
  EXPECT_FALSE(rule->is_full()) << "no event needs room yet";
  EXPECT_THAT(rule->record_held(), IsEmpty());
  EXPECT_TRUE(rule->is_full());
  EXPECT_FALSE(rule->lane().find(id(3))->is_recorded);
  counted_attempt(0);
  EXPECT_THAT(rule->record_held(), SizeIs(2)) << "the tenth attempt has counted";
  EXPECT_FALSE(rule->is_full());
}

TEST_F(FullLane, DeliveryMakesRoomToo) {
  fail_alone(3);
  rule->record_held();
  ASSERT_TRUE(rule->is_full());
  attempt(0, kDelivered);
  EXPECT_FALSE(rule->is_full());
  EXPECT_THAT(rule->record_held(), SizeIs(1));
}

TEST_F(FullLane, EventWithoutARowThatLeavesNeedsNoRoom) {
  fail_alone(3);
  rule->record_held();
  ASSERT_TRUE(rule->is_full());
  attempt(3, kDelivered);
  EXPECT_FALSE(rule->is_full());
  fail_alone(4);
  EXPECT_FALSE(rule->is_full()) << "this one needs no row yet";
}

TEST_F(RuleTest, OperatorEndsEveryAutomaticWait) {
  for (int number = 0; number < 5; ++number) fail_alone(number, {.status = 503, .retry_after = 1h});
  rule->forgive_receiver();
  EXPECT_EQ(next(true), Rule::Next::held);
  EXPECT_EQ(next(false), Rule::Next::nothing) << "the events' own timers go on";
  rule->forgive(clock.steady());
  EXPECT_EQ(next(false), Rule::Next::alone);
}

TEST_F(RuleTest, NextChangeIsTheFirstOfAllTimers) {
  EXPECT_EQ(rule->next_change(clock.steady()), std::nullopt);
  send(kDelivered);
  begin();
  EXPECT_EQ(rule->next_change(clock.steady()), clock.steady() + 1s) << "the request in flight is slow then";
  fail_alone(1);
  EXPECT_EQ(rule->next_change(clock.steady()), rule->lane().due_at());
  for (int i = 0; i < 4; ++i) send(kFailed);
  ASSERT_TRUE(rule->pace().is_backing_off());
  EXPECT_LE(rule->next_change(clock.steady()), rule->pace().retry_at());
}

}  // namespace
}  // namespace vf::retry
