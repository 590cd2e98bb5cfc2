// When a receiver is sent a request, and of how many events. Oracle: the comments of pace.h.
#include "retry/pace_fixture_test.h"

namespace vf::retry {
namespace {

TEST_F(PaceTest, EachDeliveryWidensTheWindowByOne) {
  for (size_t width = 1; width < 12; ++width) {
    EXPECT_EQ(pace->window(), std::min<size_t>(width, 8));
    request(kDelivered);
  }
  EXPECT_EQ(fill(Kind::fresh), 8);
}

TEST_F(PaceTest, FiveFailuresInARowBackOffFourDoNot) {
  open_window();
  for (const Kind kind : {Kind::fresh, Kind::piece, Kind::piece, Kind::fresh}) {
    request(kFailed, kind);
    EXPECT_EQ(pace->window(), 8u);
    EXPECT_FALSE(pace->is_backing_off());
  }
  request(kFailed, Kind::piece);
  EXPECT_TRUE(pace->is_backing_off());
  EXPECT_EQ(pace->window(), 1u);
}

TEST_F(PaceTest, DeliveryOfAnyKindEndsTheRow) {
  open_window();
  for (const Kind kind : {Kind::fresh, Kind::piece, Kind::alone}) {
    requests(4, kFailed);
    request(kDelivered, kind);
    requests(4, kFailed);
    EXPECT_FALSE(pace->is_backing_off());
    request(kDelivered);
  }
}

TEST_F(PaceTest, FailuresOfEventsAloneAreNoneOfTheReceiver) {
  open_window();
  requests(4, kFailed);
  requests(100, kFailed, Kind::alone);
  EXPECT_FALSE(pace->is_backing_off());
  EXPECT_EQ(pace->window(), 8u);
  request(kFailed);
  EXPECT_TRUE(pace->is_backing_off());
}

TEST_F(PaceTest, ReceiverThatAsksToWaitIsLeftAloneAtOnce) {
  for (const auto& outcome : {Outcome{.status = 429}, retry_after(0s), retry_after(1s, 429), retry_after(1s, 503)}) {
    for (const Kind kind : {Kind::fresh, Kind::piece, Kind::alone}) {
      make(params);
      open_window();
      request(outcome, kind);
      EXPECT_EQ(pace->is_backing_off(), kind == Kind::fresh) << outcome.status;
    }
  }
}

TEST_F(PaceTest, RetryAfterToAnotherStatusIsNoWaitOfTheReceiver) {
  for (const int status : {0, 301, 400, 404, 413, 500, 504}) {
    make(params);
    open_window();
    requests(4, retry_after(1h, status));
    EXPECT_FALSE(pace->is_backing_off()) << status;
    request(retry_after(1h, status));
    EXPECT_LE(pace->retry_at().value(), now + 1s) << status;
    EXPECT_FALSE(pace->is_testing()) << status;
  }
}

TEST_F(PaceTest, RetryAfterIsHonouredUpToItsLimit) {
  make({.longest = 1h});
  request(retry_after(10min));
  EXPECT_EQ(pace->retry_at(), 10min);
  EXPECT_FALSE(pace->may_send(10min - kTick));
  EXPECT_TRUE(pace->may_send(10min));
  make(params);
  request(retry_after(1h));
  EXPECT_EQ(pace->retry_at(), 1h);
  make(params);
  request(retry_after(1h + 1ms));
  EXPECT_EQ(pace->retry_at(), 1h);
}

TEST_F(PaceTest, RetryAfterOfARequestFromBeforeTheBackOffLengthensIt) {
  open_window();
  const auto other = begin();
  request(retry_after(5s));
  end(other, retry_after(20s));
  EXPECT_EQ(pace->retry_at(), 20s);
  EXPECT_EQ(pace->backoffs(), 1);
}

TEST_F(PaceTest, ProbeIsOneRequestOfOneEvent) {
  requests(5, kFailed);
  EXPECT_EQ(pace->size(), 1u);
  EXPECT_FALSE(pace->may_send(pace->retry_at().value() - kTick));
  wait_for_probe();
  ASSERT_TRUE(pace->may_send(now));
  const auto probe = begin();
  EXPECT_FALSE(pace->may_send(now + 24h)) << "the probe decides";
  end(probe, kDelivered);
  EXPECT_FALSE(pace->is_backing_off());
  EXPECT_EQ(pace->retry_at(), std::nullopt);
  EXPECT_EQ(fill(Kind::fresh), 1) << "the window opens step by step";
}

TEST_F(PaceTest, EachFailedProbeDoublesTheBackOffUpToTheLongest) {
  requests(5, kFailed);
  for (int backoffs = 1; backoffs < 100; ++backoffs) {
    EXPECT_EQ(pace->backoffs(), backoffs);
    const SteadyTime ceiling = std::min<SteadyTime>(60s, 1s * (1 << std::min(backoffs - 1, 10)));
    EXPECT_GT(pace->retry_at().value(), now);
    EXPECT_LE(pace->retry_at().value(), now + ceiling);
    wait_for_probe();
    request(kFailed, backoffs % 2 == 0 ? Kind::fresh : Kind::alone);
  }
  wait_for_probe();
  request(kDelivered);
  requests(5, kFailed);
  EXPECT_EQ(pace->backoffs(), 1) << "a delivered probe starts it afresh";
}

TEST_F(PaceTest, RetryAfterToAProbeOfAnEventAloneDelaysThatEventOnly) {
  requests(5, kFailed);
  wait_for_probe();
  request(retry_after(1h), Kind::alone);
  EXPECT_LE(pace->retry_at().value(), now + 2s);
  wait_for_probe();
  request(retry_after(60s), Kind::piece);
  EXPECT_EQ(pace->retry_at(), now + 60s);
}

TEST_F(PaceTest, AnswerToARequestFromBeforeTheBackOffSaysNothing) {
  open_window();
  const auto delivered = begin();
  const auto failed = begin();
  requests(5, kFailed);
  const auto retry_at = pace->retry_at();
  end(delivered, kDelivered);
  end(failed, kFailed);
  EXPECT_EQ(pace->backoffs(), 1);
  EXPECT_EQ(pace->retry_at(), retry_at);
}

TEST_F(PaceTest, SizeHalvesOnFailureAndGrowsByAnEighthOnDelivery) {
  EXPECT_EQ(pace->size(), 100u);
  for (const size_t size : {50u, 25u, 12u}) {
    request(kFailed, size == 25 ? Kind::piece : Kind::fresh);
    EXPECT_EQ(pace->size(), size);
  }
  request(kFailed, Kind::alone);
  EXPECT_EQ(pace->size(), 12u) << "an event alone says nothing about the size";
  for (const size_t size : {13u, 14u, 15u, 16u, 18u, 20u, 22u, 24u, 27u}) {
    request(kDelivered);
    EXPECT_EQ(pace->size(), size);
  }
  requests(50, kDelivered);
  EXPECT_EQ(pace->size(), 100u);
  requests(20, kFailed);
  requests(1, kDelivered);
  pace->forgive();
  EXPECT_EQ(pace->size(), 2u) << "never less than one";
}

TEST_F(PaceTest, EventsAloneHaveAQuarterOfTheWindow) {
  EXPECT_EQ(fill(Kind::alone), 1) << "one place at least";
  make(params);
  open_window();
  EXPECT_EQ(fill(Kind::alone), 2);
  EXPECT_EQ(fill(Kind::fresh), 6);
  make({.window_max = 7});
  open_window();
  EXPECT_EQ(fill(Kind::alone), 1);
}

TEST_F(PaceTest, TwoFailuresAloneWithoutADeliveryBetweenThemAllowOneAtATime) {
  open_window();
  request(kFailed, Kind::alone);
  EXPECT_EQ(fill(Kind::alone), 2);
  end(last_request, kFailed);
  EXPECT_FALSE(pace->may_send_alone(now));
  end(last_request - 1, kFailed);
  EXPECT_EQ(fill(Kind::alone), 1);
  request(kDelivered);
  EXPECT_EQ(fill(Kind::alone), 1) << "one is in flight still";
}

TEST_F(PaceTest, NothingIsSentAloneWhileTheReceiverBacksOff) {
  requests(5, kFailed);
  wait_for_probe();
  EXPECT_TRUE(pace->may_send(now));
  EXPECT_FALSE(pace->may_send_alone(now));
}

TEST_F(PaceTest, RequestIsSlowAfterTenTimesTheUsualAnswer) {
  make({.window_max = 1});
  const auto usual = begin();
  now += 200ms;
  end(usual, kDelivered);
  begin();
  EXPECT_EQ(pace->next_lent_at(now), now + 2s);
  EXPECT_FALSE(pace->may_send(now + 2s - kTick));
  EXPECT_TRUE(pace->may_send(now + 2s));
  EXPECT_EQ(pace->next_lent_at(now + 2s), std::nullopt);
}

TEST_F(PaceTest, NoRequestIsSlowBeforeASecond) {
  make({.window_max = 1});
  begin();
  EXPECT_FALSE(pace->may_send(1s - kTick)) << "no answer is usual yet";
  EXPECT_TRUE(pace->may_send(1s));
  now = 1ms;
  end(last_request, kDelivered);
  begin();
  EXPECT_FALSE(pace->may_send(now + 1s - kTick));
  EXPECT_TRUE(pace->may_send(now + 1s));
}

TEST_F(PaceTest, UsualFollowsAnswersSlowly) {
  make({.window_max = 1});
  const auto answered_after = [this](Millis took) {
    const auto sent = begin();
    now += took;
    end(sent, kDelivered);
  };
  answered_after(160ms);
  answered_after(1'760ms);  // usual is 160 ms + (1,760 − 160) / 8 = 360 ms
  const auto failed = begin();
  now += 15s;
  end(failed, kFailed);  // no answer of a healthy receiver
  begin();
  EXPECT_EQ(pace->next_lent_at(now), now + 3'600ms);
}

TEST_F(PaceTest, SlowRequestsLendThreeWindowsAtMost) {
  make({.window_max = 4});
  open_window();
  int sent = 0;
  for (int i = 0; i < 10; ++i, now += 1s) sent += fill(Kind::fresh);
  EXPECT_EQ(sent, 16);
  EXPECT_EQ(pace->in_flight(), Pace::in_flight_max(params));
  end(1 + 4, kFailed);
  EXPECT_EQ(fill(Kind::fresh), 1);
}

TEST_F(PaceTest, EventsAloneThatHangTakeNoPlaceOfTheirShare) {
  make({.window_max = 4});
  open_window();
  EXPECT_EQ(fill(Kind::alone), 1);
  now += 1s;
  EXPECT_EQ(fill(Kind::alone), 1);
  EXPECT_EQ(fill(Kind::fresh), 3);
}

TEST_F(PaceTest, OperatorEndsTheBackOff) {
  requests(5, retry_after(1h));
  pace->forgive();
  EXPECT_TRUE(pace->may_send(now));
  requests(4, kFailed);
  EXPECT_FALSE(pace->is_backing_off()) << "the failures before the order are forgotten";
}

}  // namespace
}  // namespace vf::retry
