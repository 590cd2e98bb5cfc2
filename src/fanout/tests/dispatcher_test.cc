// The dispatcher's decisions, step by step, over the store in memory. Oracle: the headers of this folder and the
// contract.
#include "fanout/tests/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct DispatcherTest : DispatcherFixture {
  /// Opens the window to its full width of four requests.
  void open_window() {
    for (int i = 0; i < 4; ++i) {
      add(1);
      run();
      answer(0, 200);
    }
  }
};

TEST_F(DispatcherTest, DeliversASignedBatchAndMovesTheCursorAfterTheAnswer) {
  add(3);
  start();
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_EQ(wire[0].request.url, target.url);
  EXPECT_EQ(wire[0].request.method, "POST");
  EXPECT_EQ(wire[0].header("Content-Type"), "application/cloudevents-batch+json");
  EXPECT_THAT(wire[0].messages(), ElementsAre("m0", "m1", "m2"));
  const auto verifier = *crypto::WebhookSigner::create(target.secrets);
  const auto id = wire[0].header("webhook-id");
  const auto timestamp = wire[0].header("webhook-timestamp");
  const auto signature = wire[0].header("webhook-signature");
  EXPECT_TRUE(verifier.verify({id, timestamp, signature, wire[0].request.body}, clock.now()).has_value());
  EXPECT_EQ(cursor(), Position{});
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
  const auto batch = outbox.batch_of("stage", end()).value().value();
  EXPECT_EQ(batch.count, 3);
  EXPECT_EQ(batch.attempts, 1);
  EXPECT_EQ(dispatcher->status().delivered, 3);
}

TEST_F(DispatcherTest, CommitOfAnotherProcessIsFoundWithin100Ms) {
  start();
  const store::Write write = store::AddEvent{.event = event("of another process")};
  ASSERT_TRUE(outbox.write({&write, 1}, clock.now(), nullptr));
  const Millis wait = run();
  EXPECT_THAT(wire, IsEmpty()) << "the outbox is not polled yet";
  EXPECT_THAT(wait, testing::AllOf(testing::Gt(Millis{0}), testing::Le(Millis{100})));
  advance(wait);
  EXPECT_THAT(wire, SizeIs(1));
}

TEST_F(DispatcherTest, SignsWithEverySecretWhileOneRotates) {
  target.secrets.push_back("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  add(1);
  start();
  EXPECT_EQ(std::ranges::count(wire[0].header("webhook-signature"), ' '), 1);
}

TEST_F(DispatcherTest, BatchHoldsAtMost500EventsAndOneMebibyte) {
  add(501);
  start();
  EXPECT_THAT(wire.at(0).messages(), SizeIs(500));
  answer(0, 200);
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m500"));
  answer(0, 200);
  for (int i = 0; i < 3; ++i) {
    auto big = event(fmt::format("big{}", i));
    big.body = '"' + std::string(500'000, 'x') + '"';
    add(big);
  }
  run();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("big0", "big1"));
  EXPECT_LE(wire[0].request.body.size(), 1u << 20);
}

TEST_F(DispatcherTest, EventLargerThanABatchTravelsAlone) {
  add(1);
  auto big = event("big");
  big.body = '"' + std::string((1u << 20) + 1, 'x') + '"';
  add(big);
  add(1);
  start();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m0"));
  answer(0, 200);
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("big"));
}

TEST_F(DispatcherTest, AnswersOutOfOrderWaitForTheOlderBatch) {
  start();
  open_window();
  const auto before = cursor();
  add(1000);
  run();
  ASSERT_THAT(wire, SizeIs(2));
  answer(1, 200);
  EXPECT_EQ(cursor(), before);
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, WindowOpensGraduallyAndIsNeverExceeded) {
  add(500 * 40);
  start();
  size_t widest = 0;
  EXPECT_THAT(wire, SizeIs(1));
  while (!wire.empty()) {
    answer(0, 200);
    widest = std::max(widest, wire.size());
  }
  EXPECT_EQ(widest, 4u);
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, ReadsAheadOnlyAsTheWindowNeeds) {
  add(500 * 40);
  start();
  EXPECT_THAT(wire, SizeIs(1));
  EXPECT_EQ(dispatcher->status().in_flight, 1u);
  advance(Millis{999});
  EXPECT_THAT(wire, SizeIs(1));
  for (int i = 0; i < 100; ++i) advance(std::chrono::seconds{1});
  EXPECT_THAT(wire, SizeIs(4)) << "requests that hang have lent three windows of one";
}

TEST_F(DispatcherTest, RepeatedRequestHasTheSameIdAndItsOwnTimestamp) {
  add(1);
  start();
  const auto id = wire[0].header("webhook-id");
  const auto timestamp = wire[0].header("webhook-timestamp");
  answer(0, 503);
  EXPECT_EQ(cursor(), Position{});
  clock.advance(std::chrono::seconds{2});
  wait_for_request();
  EXPECT_EQ(wire[0].header("webhook-id"), id);
  EXPECT_NE(wire[0].header("webhook-timestamp"), timestamp);
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, NoAnswerIsAFailure) {
  add(1);
  start();
  answer(0, unavailable("timeout"));
  EXPECT_EQ(dispatcher->status().last_error, "timeout");
  EXPECT_EQ(dispatcher->status().failed, 1);
  wait_for_request();
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, LoginPageBeforeOurReceiverSwallowsNothing) {
  add(2);
  start();
  answer(0, 200, "<html>Please log in</html>");
  EXPECT_EQ(cursor(), Position{});
  EXPECT_EQ(dispatcher->status().delivered, 0);
  EXPECT_THAT(dispatcher->status().last_error, HasSubstr("does not lead to a vf environment"));
  while (!wire.empty()) answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, AnySuccessOfAForeignReceiverIsADelivery) {
  target.url = "http://127.0.0.1:1/hooks";
  add(2);
  start();
  answer(0, 204, "");
  EXPECT_EQ(cursor(), end());
}

TEST_F(DispatcherTest, FailedAdvanceIsRepeatedAndTheDeliveryIsNot) {
  add(1);
  start();
  store_away = true;
  answer(0, 200);
  EXPECT_EQ(cursor(), Position{});
  store_away = false;
  advance(std::chrono::seconds{1});
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(wire, IsEmpty());
}

TEST_F(DispatcherTest, AdvanceOfUnknownOutcomeIsReadNotRepeated) {
  add(1);
  start();
  outcome_unknown = true;
  answer(0, 200);
  outcome_unknown = false;
  advance(std::chrono::seconds{1});
  EXPECT_EQ(dispatcher->status().cursor, end());
  add(1);
  run();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m1"));
}

TEST_F(DispatcherTest, CursorThatAnotherProcessMovedIsFollowed) {
  add(2);
  start();
  add(500);
  const store::Write move = store::MoveCursor{"stage", end(), "by hand"};
  ASSERT_TRUE(outbox.write({&move, 1}, clock.now(), nullptr));
  dispatcher->stop();
  answer(0, 200);  // the dispatcher's own move is refused: the cursor has moved
  advance(std::chrono::seconds{1});
  EXPECT_EQ(dispatcher->status().cursor, end());
  EXPECT_EQ(cursor(), end());
  EXPECT_FALSE(outbox.batch_of("stage", Position{0, 0, 1}).value());
}

TEST_F(DispatcherTest, UnansweredBatchKeepsItsIdOverACrash) {
  add(3);
  start();
  const auto id = wire[0].header("webhook-id");
  crash_and_restart();
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_EQ(wire[0].header("webhook-id"), id);
}

TEST_F(DispatcherTest, NewTargetStartsAtThePresentOrTheEarliest) {
  add(2);
  target.start = Start::now;
  start();
  EXPECT_THAT(wire, IsEmpty());
  add(1);
  run();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m2"));
  crash_and_restart();  // the target has a cursor now: `start` no longer matters
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m2"));
}

TEST_F(DispatcherTest, FilteredEventsMoveTheCursorInFewSteps) {
  target.types = {"x.*"};
  start();
  add(499);
  run();
  EXPECT_EQ(cursor(), Position{}) << "fewer than 500, and less than a second has passed";
  add(1);
  run();
  EXPECT_EQ(cursor(), end());
  add(1);
  run();
  EXPECT_LT(cursor(), end());
  advance(std::chrono::seconds{1});
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(wire, IsEmpty());
  EXPECT_EQ(dispatcher->status().skipped, 501);
}

TEST_F(DispatcherTest, EventsOfADryRunSourceAreNeverDelivered) {
  add(event("kept-raw"), false);
  add(1);
  start();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m0"));
}

TEST_F(DispatcherTest, EventsGatherWhileAnotherBatchIsInFlight) {
  start();
  open_window();
  add(1);
  run();
  ASSERT_THAT(wire, SizeIs(1));
  add(1);
  run();
  EXPECT_THAT(wire, SizeIs(1)) << "it waits for more events";
  add(1);
  advance(Millis{5});
  ASSERT_THAT(wire, SizeIs(2));
  EXPECT_THAT(wire[1].messages(), SizeIs(2));
}

TEST_F(DispatcherTest, FailedReadIsRepeatedAfterAPause) {
  start();
  outbox.reads_fail = true;
  add(1);
  EXPECT_LE(run(), Millis{500});
  EXPECT_THAT(dispatcher->status().last_error, HasSubstr("the store is away"));
  outbox.reads_fail = false;
  run();
  EXPECT_THAT(wire, IsEmpty()) << "the pause is not over";
  advance(Millis{500});
  EXPECT_THAT(wire, SizeIs(1));
}

TEST_F(DispatcherTest, StoppedItFinishesRequestsInFlightOnly) {
  start();
  open_window();
  add(1000);
  run();
  ASSERT_THAT(wire, SizeIs(2));
  dispatcher->stop();
  add(1);
  run();
  EXPECT_FALSE(dispatcher->is_idle());
  answer(0, 200);
  answer(0, 503);
  EXPECT_TRUE(dispatcher->is_idle());
  EXPECT_THAT(wire, IsEmpty());
  advance(std::chrono::minutes{2});
  EXPECT_THAT(wire, IsEmpty());
  EXPECT_TRUE(outbox.batch_of("stage", cursor()).value());
}

TEST_F(DispatcherTest, LagIsTheAgeOfTheOldestEventNotPassed) {
  start();
  EXPECT_EQ(dispatcher->status().lag, Millis{0});
  add(1);
  clock.advance(std::chrono::seconds{3});
  run();
  EXPECT_EQ(dispatcher->status().lag, std::chrono::seconds{3});
  answer(0, 200);
  EXPECT_EQ(dispatcher->status().lag, Millis{0});
  EXPECT_EQ(dispatcher->status().last_delivery_lag, std::chrono::seconds{3});
}

TEST_F(DispatcherTest, MalformedSecretIsRefusedAtOnce) {
  target.secrets = {"whsec_short"};
  const auto made = Dispatcher::create(target,
                                       {.outbox = outbox,
                                        .writer = writer,
                                        .transport = transport,
                                        .clock = clock,
                                        .random = random,
                                        .trusted_now = nullptr},
                                       tuning);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::invalid);
}

}  // namespace
}  // namespace vf::fanout
