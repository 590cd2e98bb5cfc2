// Receivers of single events: one event a request, failures in the retry lane. Oracle: the comments of sender.h.
#include "fanout/tests/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct SingleDelivery : DispatcherFixture {
  SingleDelivery() { target.delivery = Delivery::single; }

  /// Answers every request until none is left: with `status` for the event `bad`, with 200 for all others.
  void answer_all(const std::string& bad, int status) {
    while (!wire.empty()) answer(0, wire[0].messages() == std::vector{bad} ? status : 200);
  }
  void open_window() {
    add(20);
    run();
    answer_all("", 200);
  }
};

TEST_F(SingleDelivery, OneEventARequestUnderTheEventsId) {
  add(3);
  start();
  EXPECT_EQ(wire[0].header("Content-Type"), "application/cloudevents+json");
  EXPECT_EQ(wire[0].header("webhook-id"), event("m0").id.to_string());
  EXPECT_EQ(wire[0].request.body.front(), '{');
  EXPECT_THAT(wire[0].messages(), ElementsAre("m0"));
  const auto before = cursor();
  answer(0, 200);
  EXPECT_EQ(cursor(), before) << "the cursor moves by batches";
  answer_all("", 200);
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(outbox.batch_of("stage", end()).value().value().count, 3);
}

TEST_F(SingleDelivery, FailedEventIsDeferredAndFreshEventsGoOn) {
  for (const int status : {400, 422, 500}) {
    add(3);
    const auto bad = fmt::format("m{}", added - 2);
    if (!dispatcher) start();
    run();
    answer_all(bad, status);
    EXPECT_EQ(cursor(), end()) << status;
    ASSERT_THAT(retries(), SizeIs(1)) << status;
    EXPECT_EQ(retries()[0].event_id, event(bad).id);
    EXPECT_EQ(retries()[0].attempts, 1);
    EXPECT_THAT(dead(), IsEmpty());
    advance(std::chrono::seconds{6});
    ASSERT_THAT(wire, SizeIs(1)) << status;
    EXPECT_EQ(wire[0].header("webhook-id"), event(bad).id.to_string());
    answer(0, 200);
    EXPECT_THAT(retries(), IsEmpty()) << status;
  }
}

TEST_F(SingleDelivery, EventDiesAfterTheLastAttempt) {
  tuning.single_attempts_max = 3;
  start();
  open_window();
  add(1);
  run();
  int attempts = 0;
  while (dead().empty() && attempts < 10) {
    ASSERT_THAT(wire, SizeIs(1));
    answer(0, 422);
    ++attempts;
    advance(std::chrono::minutes{2});
  }
  EXPECT_EQ(attempts, 3);
  EXPECT_THAT(retries(), IsEmpty());
}

TEST_F(SingleDelivery, RetriesWaitLongerEachTime) {
  SeededRandom chance{3};
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(retry_delay(1, chance), std::chrono::milliseconds{2'500});
    EXPECT_LE(retry_delay(1, chance), std::chrono::seconds{5});
    EXPECT_GE(retry_delay(4, chance), std::chrono::milliseconds{67'500});
    EXPECT_LE(retry_delay(4, chance), std::chrono::seconds{135});
    EXPECT_LE(retry_delay(100, chance), std::chrono::hours{6});
  }
}

TEST_F(SingleDelivery, OutageKillsNothingAndWritesFewRows) {
  tuning.single_attempts_max = 2;
  start();
  open_window();
  add(200);
  run();
  for (int hours = 0; hours < 3; ++hours) {
    while (!wire.empty()) answer(0, 503);
    advance(std::chrono::hours{1});
  }
  EXPECT_THAT(retries(), IsEmpty());
  while (!wire.empty()) answer(0, 500);
  for (int probes = 0; probes < 20; ++probes) {
    wait_for_probe();
    while (!wire.empty()) answer(0, 500);
  }
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_LE(retries().size(), 45u);
  advance(std::chrono::minutes{2});
  for (int i = 0; i < 1000 && (!wire.empty() || !retries().empty()); ++i) {
    while (!wire.empty()) answer(0, 200);
    advance(std::chrono::minutes{5});
  }
  EXPECT_THAT(retries(), IsEmpty());
  EXPECT_EQ(dispatcher->status().delivered, 220);
  EXPECT_EQ(cursor(), end());
}

TEST_F(SingleDelivery, ManyRetriesDoNotStarveFreshEvents) {
  tuning.breaker.window_max = 16;
  start();
  open_window();
  add(100);
  run();
  for (int i = 0; !wire.empty(); ++i) answer(0, i % 2 == 0 ? 422 : 200);
  ASSERT_THAT(retries(), SizeIs(50));
  clock.advance(std::chrono::seconds{6});
  add(100);
  run();
  size_t repeated = 0;
  for (const auto& sent : wire) repeated += std::stoi(sent.messages()[0].substr(1)) < 120 ? 1 : 0;
  EXPECT_EQ(wire.size(), 16u);
  EXPECT_EQ(repeated, 4u) << "a quarter of the window";
}

TEST_F(SingleDelivery, CrashAfterADeliveredRetryRepeatsThatEventOnly) {
  start();
  open_window();
  add(1);
  run();
  answer(0, 422);
  advance(std::chrono::seconds{6});
  ASSERT_THAT(wire, SizeIs(1));
  store_away = true;
  answer(0, 200);
  store_away = false;
  crash_and_restart();
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_THAT(wire[0].messages(), ElementsAre("m20"));
  answer(0, 200);
  EXPECT_THAT(retries(), IsEmpty());
}

}  // namespace
}  // namespace vf::fanout
