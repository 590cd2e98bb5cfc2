// Events that a target refuses: halving, dead letters, and a target that refuses everything. Oracle: the comments of
// sender.h and the contract.
#include "fanout/tests/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Refusal = DispatcherFixture;

TEST_F(Refusal, BatchIsHalvedUntilTheRefusedEventIsAlone) {
  add(8);
  start();
  std::set<std::string> ids;
  std::vector<std::string> delivered;
  while (!wire.empty()) {
    const auto messages = wire[0].messages();
    EXPECT_TRUE(ids.insert(wire[0].header("webhook-id")).second) << "a half has its own id";
    const bool refused = std::ranges::find(messages, "m5") != messages.end();
    if (!refused) delivered.insert(delivered.end(), messages.begin(), messages.end());
    answer(0, refused ? 422 : 200);
  }
  EXPECT_THAT(delivered, testing::UnorderedElementsAre("m0", "m1", "m2", "m3", "m4", "m6", "m7"));
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_EQ(dead()[0].event_id, event("m5").id);
  EXPECT_THAT(dead()[0].reason, HasSubstr("422"));
  ASSERT_THAT(reported_dead, SizeIs(1));
  EXPECT_EQ(reported_dead[0].first, event("m5").id);
  EXPECT_THAT(reported_dead[0].second, HasSubstr("422"));
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(outbox.batch_of("stage", end()).value().value().count, 7);
  EXPECT_EQ(dispatcher->status().dead, 1);
}

TEST_F(Refusal, RefusedBatchOfOneDiesAtOnce) {
  add(1);
  start();
  answer(0, 400);
  EXPECT_THAT(dead(), SizeIs(1));
  EXPECT_EQ(cursor(), end());
}

TEST_F(Refusal, ReasonKeepsProblemDetailsAndNoEcho) {
  add(1);
  start();
  http::Response problem = http::problem(422, "no such channel");
  problem.body.insert(1, R"("echo":"anna@example.org",)");
  answer(0, problem);
  add(1);
  run();
  answer(0, 422, "anna@example.org");
  ASSERT_THAT(dead(), SizeIs(2));
  EXPECT_THAT(dead()[0].reason, HasSubstr("no such channel"));
  for (const auto& letter : dead()) {
    EXPECT_THAT(letter.reason, HasSubstr("422"));
    EXPECT_THAT(letter.reason, testing::Not(HasSubstr("anna")));
  }
}

TEST_F(Refusal, CursorWaitsForTheDeadLettersRow) {
  add(1);
  start();
  const auto before = cursor();
  store_away = true;
  answer(0, 400);
  EXPECT_EQ(cursor(), before);
  store_away = false;
  advance(std::chrono::seconds{1});
  EXPECT_THAT(dead(), SizeIs(1));
  EXPECT_EQ(cursor(), end());
}

struct RefusesEverything : DispatcherFixture {
  /// Refuses every request until the target is backing off.
  void refuse_until_it_backs_off() {
    while (!wire.empty()) answer(0, 400);
    ASSERT_EQ(dispatcher->status().state, State::backing_off);
  }
};

TEST_F(RefusesEverything, SixthRefusalInARowIsATargetFailure) {
  start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(dispatcher->status().alarm, "");
    add(1);
    run();
    answer(0, 400);
  }
  EXPECT_THAT(dead(), SizeIs(5));
  EXPECT_EQ(cursor(), end());
  add(1);
  run();
  const auto before = cursor();
  answer(0, 400);
  EXPECT_THAT(dead(), SizeIs(5));
  EXPECT_EQ(cursor(), before);
  EXPECT_EQ(dispatcher->status().state, State::backing_off);
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("refused 5 events in a row"));
}

TEST_F(RefusesEverything, DeliveryRestartsTheCount) {
  start();
  for (int i = 0; i < 20; ++i) {
    add(1);
    run();
    answer(0, i % 5 == 4 ? 200 : 422);
  }
  EXPECT_THAT(dead(), SizeIs(16));
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(dispatcher->status().state, State::ok);
}

TEST_F(RefusesEverything, BacklogIsKeptUntilTheTargetIsFixed) {
  add(40);
  start();
  refuse_until_it_backs_off();
  for (int probes = 0; probes < 50; ++probes) {
    wait_for_probe();
    ASSERT_THAT(wire, SizeIs(1));
    answer(0, 400);
  }
  EXPECT_THAT(dead(), SizeIs(5));
  for (int i = 0; i < 100 && cursor() != end(); ++i) {
    while (!wire.empty()) answer(0, 200);
    advance(std::chrono::minutes{1});
  }
  EXPECT_THAT(dead(), SizeIs(5));
  EXPECT_EQ(dispatcher->status().delivered, 35);
  EXPECT_EQ(dispatcher->status().alarm, "");
}

TEST_F(RefusesEverything, RefusedEventsInARowBlockNoEventBehindThemForLong) {
  add(8);
  start();
  const auto receive = [this] {
    const auto messages = wire[0].messages();
    answer(0, std::ranges::any_of(messages, [](const auto& m) { return m < "m7"; }) ? 422 : 200);
  };
  for (int i = 0; i < 200 && cursor() != end(); ++i) {
    while (!wire.empty()) receive();
    advance(std::chrono::minutes{1});
  }
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(dead(), SizeIs(7));
  EXPECT_EQ(dispatcher->status().delivered, 1);
}

TEST_F(RefusesEverything, NewEventsAreTriedToo) {
  add(6);
  start();
  refuse_until_it_backs_off();
  add(1);
  wait_for_probe();
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_THAT(wire[0].messages(), testing::ElementsAre("m6"));
}

TEST_F(RefusesEverything, ResumeLetsTheNextFiveDie) {
  add(20);
  start();
  refuse_until_it_backs_off();
  dispatcher->resume([](auto) {});
  run();
  EXPECT_EQ(dispatcher->status().alarm.find("in a row and accepted none"), std::string::npos);
  for (int i = 0; i < 50; ++i) {
    wait_for_probe();
    while (!wire.empty()) answer(0, 400);
    if (dead().size() == 10) break;
  }
  EXPECT_THAT(dead(), SizeIs(10));
}

TEST_F(RefusesEverything, RetriesCountNoAttemptMeanwhile) {
  target.delivery = Delivery::single;
  tuning.single_attempts_max = 2;
  add(5);
  start();
  while (!wire.empty()) answer(0, 400);
  ASSERT_THAT(retries(), SizeIs(5));
  advance(std::chrono::seconds{6});
  for (int probes = 0; probes < 20; ++probes) {
    while (!wire.empty()) answer(0, 400);
    wait_for_probe();
  }
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_THAT(retries(), SizeIs(5));
  for (int i = 0; i < 100 && !retries().empty(); ++i) {
    while (!wire.empty()) answer(0, 200);
    advance(std::chrono::minutes{1});
  }
  EXPECT_EQ(dispatcher->status().delivered, 5);
}

TEST_F(RefusesEverything, RetriesDoNotAddToTheCount) {
  target.delivery = Delivery::single;
  add(2);
  start();
  for (int i = 0; i < 1000 && dead().size() < 2; ++i) {
    while (!wire.empty()) answer(0, 422);
    advance(std::chrono::minutes{10});
  }
  EXPECT_THAT(dead(), SizeIs(2)) << "twenty refusals, of two events";
}

}  // namespace
}  // namespace vf::fanout
