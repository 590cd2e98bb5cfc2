// Events on which a target fails: none of them holds up another, whatever the answer, and each becomes a dead letter
// while others are delivered. Oracle: the comments of retry/rule.h and sender.h, and the contract.
#include "fanout/tests/receiver_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct FaultyEvents : ReceiverFixture, testing::WithParamInterface<std::tuple<Failure, Delivery>> {
  FaultyEvents() {
    failure = std::get<0>(GetParam());
    target.delivery = std::get<1>(GetParam());
  }
  void expect_all_others_once() const {
    for (int i = 0; i < added; ++i) {
      const auto message = fmt::format("m{}", i);
      EXPECT_EQ(taken.contains(message) ? taken.at(message) : 0, faulty.contains(message) ? 0 : 1) << message;
    }
  }
};

TEST_P(FaultyEvents, OneHoldsUpNoOther) {
  faulty = {"m7"};
  add(40);
  start();
  live(std::chrono::minutes{1});
  expect_all_others_once();
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_EQ(dispatcher->status().state, State::ok);
}

TEST_P(FaultyEvents, TheOldestThirtyInARowHoldUpNoOther) {
  for (int i = 0; i < 30; ++i) faulty.insert(fmt::format("m{}", i));
  add(40);
  start();
  live(std::chrono::hours{1}, std::chrono::seconds{5});
  expect_all_others_once();
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_P(FaultyEvents, OneIsDeadAfterABoundedNumberOfRequestsOnceOthersFlow) {
  retry_quickly();
  target.timeout = Millis{100};
  faulty = {"m7"};
  add(40);
  start();
  ASSERT_TRUE(live_with_traffic_until([this] { return !dead().empty(); }));
  EXPECT_THAT(dead(), SizeIs(1));
  EXPECT_EQ(dead()[0].event_id, event("m7").id);
  EXPECT_EQ(reported_dead.size(), 1u);
  EXPECT_EQ(dispatcher->status().dead, 1);
  EXPECT_LE(failed["m7"], 120);
  live(std::chrono::seconds{5});
  expect_all_others_once();
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(retries(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(EveryFailure, FaultyEvents,
                         testing::Combine(testing::ValuesIn(failures()),
                                          testing::Values(Delivery::batch, Delivery::single)));

/// One event is always answered with a Retry-After of an hour, which the target never means for the others.
struct LongRetryAfter : FaultyEvents {
  LongRetryAfter() { failure.retry_after = std::chrono::hours{1}; }
};

TEST_P(LongRetryAfter, OneHoldsUpNoOther) {
  faulty = {"m7"};
  add(40);
  start();
  live(std::chrono::minutes{4});
  expect_all_others_once();
  EXPECT_EQ(dispatcher->status().state, State::ok);
  deliver_one();
  EXPECT_EQ(taken["m40"], 1) << "nor the events that come later";
  EXPECT_EQ(cursor(), end()) << "the event has its row";
}

TEST_P(LongRetryAfter, RestartDoesNotSendItAgain) {
  faulty = {"m7"};
  add(40);
  start();
  live(std::chrono::minutes{4});
  const int before = failed["m7"];
  for (int i = 0; i < 3; ++i) {
    crash_and_restart();
    deliver_one();
    live(std::chrono::minutes{5});
    EXPECT_EQ(dispatcher->status().state, State::ok);
  }
  expect_all_others_once();
  EXPECT_EQ(failed["m7"], before);
  live(std::chrono::hours{1});
  EXPECT_EQ(failed["m7"], before + 1) << "after the hour that was asked for";
}

TEST_P(LongRetryAfter, EveryTenthHoldsUpNoOther) {
  for (int i = 0; i < 400; i += 10) faulty.insert(fmt::format("m{}", i));
  add(400);
  start();
  live(std::chrono::hours{3}, std::chrono::seconds{5});
  expect_all_others_once();
}

INSTANTIATE_TEST_SUITE_P(Statuses, LongRetryAfter,
                         testing::Combine(testing::Values(Failure{.status = 429}, Failure{.status = 503},
                                                          Failure{.status = 404}, Failure{.status = 413},
                                                          Failure{.status = 500}, Failure{.status = 301}),
                                          testing::Values(Delivery::batch, Delivery::single)));

struct DividedRequests : ReceiverFixture {};

TEST_F(DividedRequests, FailedBatchIsHalvedUntilTheFaultyEventIsAlone) {
  add(8);
  faulty = {"m5"};
  start();
  std::set<std::string> ids;
  size_t most = 8;
  while (!wire.empty()) {
    EXPECT_TRUE(ids.insert(wire[0].header("webhook-id")).second) << "a part has its own id";
    EXPECT_LE(wire[0].messages().size(), most);
    if (fails(wire[0])) most = std::max<size_t>(1, wire[0].messages().size() / 2);
    answer_as_received(0);
  }
  EXPECT_EQ(dispatcher->status().waiting, 1u);
  EXPECT_EQ(times_taken_of_all(), 7);
}

TEST_F(DividedRequests, BatchThatFailedBeforeTheTimeoutIsHalved) {
  add(8);
  start();
  advance(target.timeout - Millis{1});
  answer(0, unavailable("connection reset"));
  serve();
  EXPECT_LE(dispatcher->status().requests, 4) << "two halves, one of them in two because it began at random";
  EXPECT_EQ(times_taken_of_all(), 8);
}

TEST_F(DividedRequests, BatchWithoutAnAnswerIsCutIntoSingleEvents) {
  add(8);
  start();
  advance(target.timeout);
  answer(0, unavailable("timeout"));
  serve();
  EXPECT_EQ(dispatcher->status().requests, 9);
  EXPECT_EQ(times_taken_of_all(), 8);
}

TEST_F(DividedRequests, PiecesAndFreshRequestsTakeTurns) {
  tuning.batches.events_max = 4;
  add(16);
  is_down = true;
  start();
  answer_as_received(0);
  is_down = false;
  std::vector<bool> was_piece;
  while (!wire.empty()) {
    was_piece.push_back(failed.contains(wire[0].messages().front()));
    answer_as_received(0);
  }
  EXPECT_LE(std::ranges::find(was_piece, false) - was_piece.begin(), 2);
  EXPECT_LE(std::ranges::find(was_piece, true) - was_piece.begin(), 2);
  EXPECT_EQ(times_taken_of_all(), 16);
}

TEST_F(DividedRequests, PieceThatFailsSaysNothingAboutTheTarget) {
  add(4);
  start();
  answer(0, 500);
  answer(0, 429);
  EXPECT_EQ(dispatcher->status().state, State::ok) << "429 to a fresh request would be an order to wait";
  serve();
  add(1);
  run();
  answer(0, 429);
  EXPECT_EQ(dispatcher->status().state, State::backing_off);
}

TEST_F(DividedRequests, RequestAfterAFailureBeginsAtRandomTheNextOneWithTheOldest) {
  target.delivery = Delivery::single;
  add(100);
  start();
  answer(0, 500);
  EXPECT_NE(wire.at(0).messages().front(), "m1");
  answer(0, 200);
  EXPECT_EQ(wire.at(0).messages().front(), "m1");
}

TEST_F(DividedRequests, ReasonKeepsProblemDetailsAndNoEcho) {
  retry_quickly();
  target.delivery = Delivery::single;
  faulty = {"m0", "m1"};
  add(2);
  start();
  const auto fail = [this](size_t index) {
    http::Response problem = http::problem(422, "no such channel");
    problem.body.insert(1, R"("echo":"anna@example.org",)");
    if (wire[index].messages().front() == "m0") return answer(index, problem);
    answer(index, 422, "anna@example.org");
  };
  for (int i = 0; i < 10'000 && dead().size() < 2; ++i) {
    while (!wire.empty()) {
      if (fails(wire[0])) {
        fail(0);
      } else {
        answer(0, 200);
      }
    }
    add(1);
    advance(Millis{20});
  }
  ASSERT_THAT(dead(), SizeIs(2));
  EXPECT_THAT(row("m0")->reason, HasSubstr("no such channel"));
  for (const auto& letter : dead()) {
    EXPECT_THAT(letter.reason, HasSubstr("422"));
    EXPECT_THAT(letter.reason, Not(HasSubstr("anna")));
  }
  for (const auto& [_, reason] : reported_dead) EXPECT_EQ(reason, "HTTP 422 Unprocessable Content");
}

struct HangingEvents : ReceiverFixture {
  HangingEvents() { failure = {.hangs = true}; }
};

TEST_F(HangingEvents, GiveTheirPlacesToOthers) {
  target.delivery = Delivery::single;
  start();
  for (int i = 0; i < 4; ++i) deliver_one();  // the window is open
  for (int i = 4; i < 8; ++i) faulty.insert(fmt::format("m{}", i));
  add(8);
  run();
  serve();
  EXPECT_EQ(times_taken_of_all(), 4) << "four requests hang and fill the window";
  advance(Millis{999});
  serve();
  EXPECT_EQ(times_taken_of_all(), 4);
  advance(Millis{1});
  serve();
  EXPECT_EQ(times_taken_of_all(), 8);
  EXPECT_EQ(dispatcher->status().in_flight, 4u);
}

}  // namespace
}  // namespace vf::fanout
