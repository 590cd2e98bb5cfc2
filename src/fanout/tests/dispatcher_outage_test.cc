// Targets that fail as a whole, or ask the hub to wait: back-off, probes, alarms; an outage writes no row and kills no
// event. Oracle: the comments of retry/pace.h and the contract.
#include "fanout/tests/receiver_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Failure> outages() {
  auto all = failures();
  all.push_back({.status = 429});
  all.push_back({.status = 429, .retry_after = std::chrono::seconds{30}});
  all.push_back({.status = 503, .retry_after = std::chrono::seconds{120}});
  all.push_back({.status = 400, .retry_after = std::chrono::seconds{0}});
  return all;
}

struct Outage : ReceiverFixture, testing::WithParamInterface<std::tuple<Failure, Delivery>> {
  Outage() {
    failure = std::get<0>(GetParam());
    target.delivery = std::get<1>(GetParam());
  }
};

TEST_P(Outage, MakesNoRowAndNoDeadLetterAndLosesNothing) {
  start();
  for (int i = 0; i < 4; ++i) deliver_one();
  is_down = true;
  for (int hours = 0; hours < 3; ++hours) {
    add(100);
    live(std::chrono::hours{1}, std::chrono::seconds{10});
    EXPECT_NE(dispatcher->status().state, State::ok);
    EXPECT_THAT(retries(), IsEmpty());
    EXPECT_THAT(dead(), IsEmpty());
  }
  is_down = false;
  live(std::chrono::minutes{5});
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_EQ(dispatcher->status().alarm, "");
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(times_taken_of_all(), 304);
  EXPECT_THAT(taken, SizeIs(304));
  EXPECT_EQ(dispatcher->status().delivered, 304);
  EXPECT_EQ(dispatcher->status().waiting, 0u);
  EXPECT_THAT(retries(), IsEmpty());
}

TEST_P(Outage, TargetWithOneEventIsDeliveredToWhenItIsBack) {
  is_down = true;
  add(1);
  start();
  live(std::chrono::hours{2}, std::chrono::seconds{10});
  is_down = false;
  live(std::chrono::minutes{3});
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(taken["m0"], 1);
  EXPECT_EQ(outbox.batch_of("stage", end()).value().value().count, 1);
}

INSTANTIATE_TEST_SUITE_P(EveryFailure, Outage,
                         testing::Combine(testing::ValuesIn(outages()),
                                          testing::Values(Delivery::batch, Delivery::single)));

struct Backoff : ReceiverFixture {
  Backoff() { target.delivery = Delivery::single; }
};

TEST_F(Backoff, BeginsAtTheFifthFailureInARow) {
  is_down = true;
  add(20);
  start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(dispatcher->status().state, State::ok) << i;
    ASSERT_THAT(wire, SizeIs(1)) << i;
    answer_as_received(0);
  }
  EXPECT_EQ(dispatcher->status().state, State::backing_off);
  EXPECT_THAT(wire, IsEmpty());
}

TEST_F(Backoff, OneIsolatedFailureHasNoEffectOnTheWindow) {
  start();
  for (int i = 0; i < 4; ++i) deliver_one();
  add(20);
  run();
  ASSERT_THAT(wire, SizeIs(4));
  answer(0, 500);
  EXPECT_THAT(wire, SizeIs(4));
  EXPECT_EQ(dispatcher->status().state, State::ok);
}

TEST_F(Backoff, OneProbeThenTheWindowOpensAgain) {
  start();
  for (int i = 0; i < 4; ++i) deliver_one();
  add(100);
  run();
  ASSERT_THAT(wire, SizeIs(4));
  while (!wire.empty()) answer(0, 503);
  wait_for_request();
  EXPECT_THAT(wire, SizeIs(1));
  advance(Millis{999});
  EXPECT_THAT(wire, SizeIs(1));
  answer(0, 200);
  EXPECT_THAT(wire, SizeIs(1));
  answer(0, 200);
  EXPECT_THAT(wire, SizeIs(2));
}

TEST_F(Backoff, ProbeOfABatchTargetIsOneEvent) {
  target.delivery = Delivery::batch;
  is_down = true;
  add(100);
  start();
  while (!wire.empty()) answer_as_received(0);
  wait_for_request();
  EXPECT_THAT(wire.at(0).messages(), SizeIs(1));
}

TEST_F(Backoff, RetryAfterOfAFreshRequestIsHonoured) {
  add(2);
  start();
  http::Response busy;
  busy.status = 503;
  busy.headers.emplace_back("Retry-After", "60");
  answer(0, busy);
  EXPECT_EQ(dispatcher->status().next_attempt_at, clock.now() + std::chrono::seconds{60});
  advance(Millis{59'999});
  EXPECT_THAT(wire, IsEmpty());
  advance(Millis{1});
  EXPECT_THAT(wire, SizeIs(1));
}

TEST_F(Backoff, RetryAfterOfAnEventThatFailedAloneDelaysThatEventOnly) {
  start();
  const auto waiting = one_waits();
  failure = {.status = 503, .retry_after = std::chrono::seconds{3'000}};
  live(std::chrono::seconds{2}, Millis{100});
  EXPECT_EQ(failed[waiting], 2);
  EXPECT_EQ(dispatcher->status().state, State::ok);
  deliver_one();
  EXPECT_EQ(taken["m1"], 1);
  live(std::chrono::seconds{3'000});
  EXPECT_EQ(failed[waiting], 3);
}

TEST_F(Backoff, TargetThatLimitsRequestsGetsOneMoreInALongWait) {
  is_down = true;
  failure = {.status = 429, .retry_after = std::chrono::hours{1}};
  target.delivery = Delivery::single;
  add(40);
  start();
  serve();
  EXPECT_EQ(dispatcher->status().next_attempt_at, clock.now() + std::chrono::minutes{1});
  live(Millis{std::chrono::minutes{59}});
  EXPECT_EQ(dispatcher->status().requests, 2);
  EXPECT_EQ(dispatcher->status().next_attempt_at, clock.now() + std::chrono::minutes{2});
  live(std::chrono::minutes{61});
  EXPECT_EQ(dispatcher->status().requests, 4);
  is_down = false;
  live(std::chrono::hours{2});
  EXPECT_EQ(times_taken_of_all(), 40);
}

TEST_F(Backoff, LongRetryAfterIsKeptWhileNothingElseIsHeld) {
  faulty = {"m0"};
  failure = {.status = 503, .retry_after = std::chrono::hours{1}};
  add(1);
  start();
  live(std::chrono::minutes{30});
  EXPECT_EQ(dispatcher->status().requests, 1);
  EXPECT_EQ(dispatcher->status().next_attempt_at, clock.now() + std::chrono::minutes{30});
  deliver_one();
  EXPECT_EQ(taken["m1"], 1) << "a new event is tried at once";
  EXPECT_EQ(dispatcher->status().state, State::ok);
}

TEST_F(Backoff, TargetThatTakesNothingFailsHoweverFewEventsItGets) {
  is_down = true;
  add(1);
  start();
  serve();
  EXPECT_EQ(dispatcher->status().state, State::ok) << "one failure may be the event's";
  live(std::chrono::minutes{1});
  EXPECT_EQ(dispatcher->status().state, State::backing_off);
  EXPECT_EQ(dispatcher->status().alarm, "");
  live(std::chrono::minutes{5});
  EXPECT_EQ(dispatcher->status().state, State::open);
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("attempts in a row failed: HTTP 500"));
  EXPECT_GT(dispatcher->status().next_attempt_at, clock.now());
  is_down = false;
  live(std::chrono::minutes{1});
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_EQ(dispatcher->status().alarm, "");
}

TEST_F(Backoff, OneOddEventIsNoFailureOfATargetThatTakesAnother) {
  start();
  one_waits_with_a_row();
  live(std::chrono::hours{1});
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_EQ(dispatcher->status().next_attempt_at, std::nullopt);
}

TEST_F(Backoff, FiveBackOffsInARowAreAnAlarm) {
  add(1);
  start();
  answer(0, 429);
  for (int backoffs = 1; backoffs < 5; ++backoffs) {
    EXPECT_EQ(dispatcher->status().state, State::backing_off);
    EXPECT_EQ(dispatcher->status().alarm, "");
    wait_for_request();
    answer(0, 503);
  }
  EXPECT_EQ(dispatcher->status().state, State::open);
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("5 attempts in a row failed: HTTP 503"));
  wait_for_request();
  answer(0, 200);
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_EQ(dispatcher->status().alarm, "");
}

TEST_F(Backoff, GoneIsAnAlarmAndKillsNothing) {
  is_down = true;
  failure = {.status = 410};
  add(10);
  start();
  serve();
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("410 Gone"));
  live(std::chrono::hours{48}, std::chrono::minutes{1});
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_F(Backoff, NewEventsAreTriedToo) {
  add(6);
  is_down = true;
  start();
  serve();
  ASSERT_EQ(dispatcher->status().state, State::backing_off);
  add(1000);
  wait_for_request();
  EXPECT_FALSE(failed.contains(wire[0].messages().front())) << "of 1,001 events that have not failed alone";
}

TEST_F(Backoff, ResumeEndsEveryWait) {
  is_down = true;
  failure = {.status = 503, .retry_after = std::chrono::seconds{3'000}};
  add(3);
  start();
  serve();
  EXPECT_THAT(wire, IsEmpty());
  is_down = false;
  resume();
  serve();
  EXPECT_EQ(times_taken_of_all(), 3);
}

TEST_F(Backoff, EventThatFailsHereAndThereIsNeverDead) {
  SeededRandom chance{7};
  retry_quickly();
  start();
  for (int i = 0; i < 3'000; ++i) {
    add(1);
    advance(Millis{20});
    while (!wire.empty()) answer(0, chance.below(10) < 3 ? 503 : 200);
  }
  EXPECT_THAT(dead(), IsEmpty());
  live(std::chrono::seconds{10});
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(dispatcher->status().delivered, 3'000);
}

}  // namespace
}  // namespace vf::fanout
