// Long waits that a receiver asks for, and how they are tested. Oracle: the comments of pace.h.
#include "retry/pace_fixture_test.h"

namespace vf::retry {
namespace {

struct LongWait : PaceTest {};

TEST_F(LongWait, LongRetryAfterIsTestedOnceAndKeptIfAnotherEventFails) {
  for (const int status : {429, 503}) {
    for (const auto& outcome : {kFailed, Outcome{.status = 429}, Outcome{}, retry_after(10min, status)}) {
      make(params);
      now = SteadyTime{0};
      request(retry_after(1h, status));
      EXPECT_EQ(pace->retry_at(), 60s);
      EXPECT_TRUE(pace->is_testing());
      EXPECT_FALSE(pace->may_send(60s - kTick));
      wait_for_probe();
      ASSERT_TRUE(pace->may_send(now));
      EXPECT_EQ(pace->size(), 1u);
      request(outcome);
      EXPECT_EQ(pace->retry_at(), 1h);
      EXPECT_FALSE(pace->is_testing());
      EXPECT_EQ(pace->backoffs(), 2);
    }
  }
}

TEST_F(LongWait, AnswerToATestMayLengthenTheWait) {
  request(retry_after(30min));
  wait_for_probe();
  request(retry_after(1h));
  EXPECT_EQ(pace->retry_at(), now + 1h);
  EXPECT_FALSE(pace->is_testing());
}

TEST_F(LongWait, EachLongWaitOfAReceiverThatLimitsRequestsIsTestedOnce) {
  int sent = 0;
  for (now = 0s; now < 24h; now += 1s) {
    const SteadyTime whole = 1h - now % 1h;  // until the receiver takes requests again
    if (now % 1h == 0s && now > 0s && pace->may_send(now)) request(kDelivered);
    for (; pace->may_send(now); ++sent) {
      request(retry_after(std::chrono::duration_cast<Millis>(whole), 429));
    }
  }
  EXPECT_EQ(sent, 2 * 24);
}

TEST_F(LongWait, RetryAfterUpToTheLongestDelayIsNotTested) {
  request(retry_after(60s));
  EXPECT_FALSE(pace->is_testing());
  EXPECT_EQ(pace->retry_at(), 60s);
}

TEST_F(LongWait, DeliveredTestEndsTheWaitAndSuchAnswersMakeTheReceiverWaitNoMore) {
  request(retry_after(1h));
  wait_for_probe();
  request(kDelivered);
  EXPECT_FALSE(pace->is_backing_off());
  requests(4, retry_after(1h, 429));
  EXPECT_FALSE(pace->is_backing_off());
  request(kDelivered);
  requests(1, retry_after(60s));
  EXPECT_TRUE(pace->is_backing_off()) << "a short wait is honoured still";
}

TEST_F(LongWait, FailedTestGivesTheReceiversLongWaitsTheirWeightBack) {
  request(retry_after(1h));
  wait_for_probe();
  request(kDelivered);
  requests(5, retry_after(1h));
  ASSERT_TRUE(pace->is_testing()) << "five failures in a row";
  wait_for_probe();
  request(retry_after(1h));
  EXPECT_EQ(pace->retry_at(), now + 1h);
  wait_for_probe();
  request(kDelivered);
  request(retry_after(1h));
  EXPECT_TRUE(pace->is_backing_off());
}

TEST_F(LongWait, ReceiverThatRoundsItsRetryAfterUpKeepsItsWeight) {
  request(retry_after(61s));
  wait_for_probe();
  request(kDelivered);
  request(retry_after(61s));
  EXPECT_TRUE(pace->is_backing_off());
}

TEST_F(LongWait, TestByAPieceIsRepeatedOnceBecauseThePieceMayHoldTheSameEvent) {
  request(retry_after(1h));
  wait_for_probe();
  request(retry_after(1h), Kind::piece);
  EXPECT_EQ(pace->retry_at(), 2min);
  EXPECT_TRUE(pace->is_testing());
  wait_for_probe();
  request(kFailed, Kind::piece);
  EXPECT_EQ(pace->retry_at(), 1min + 1h);
  EXPECT_FALSE(pace->is_testing());
}

TEST_F(LongWait, TestByAnEventThatFailedAloneSaysNothingAboutOthers) {
  request(retry_after(1h));
  EXPECT_FALSE(pace->may_probe_alone(1min - kTick));
  wait_for_probe();
  ASSERT_TRUE(pace->may_probe_alone(now));
  request(retry_after(2h), Kind::alone);
  EXPECT_FALSE(pace->may_probe_alone(1h - kTick)) << "one of them is enough";
  EXPECT_TRUE(pace->may_probe_alone(1h));
  EXPECT_EQ(pace->alone_at(), 1h);
  ASSERT_TRUE(pace->may_send(now)) << "another event may be tried";
  request(kDelivered);
  EXPECT_FALSE(pace->is_backing_off());
  EXPECT_EQ(pace->alone_at(), std::nullopt);
}

TEST_F(LongWait, AnswerFromBeforeTheBackOffLengthensTheWholeWaitAndNotTheTest) {
  open_window();
  const auto other = begin();
  request(retry_after(30min));
  now = 1s;
  end(other, retry_after(1h));
  EXPECT_EQ(pace->retry_at(), 60s);
  wait_for_probe();
  request(kFailed);
  EXPECT_EQ(pace->retry_at(), 1h + 1s);
}

TEST_F(LongWait, LongRetryAfterFromBeforeTheBackOffIsTestedToo) {
  open_window();
  const auto other = begin();
  requests(5, kFailed);
  end(other, retry_after(1h));
  EXPECT_EQ(pace->retry_at(), 60s);
  EXPECT_TRUE(pace->is_testing());
}

TEST_F(LongWait, OperatorEndsATestedWait) {
  request(retry_after(1h));
  pace->forgive();
  EXPECT_FALSE(pace->is_testing());
  EXPECT_TRUE(pace->may_send(now));
  request(retry_after(1h));
  EXPECT_TRUE(pace->is_testing());
}

}  // namespace
}  // namespace vf::retry
