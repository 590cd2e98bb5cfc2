// Receivers of single events: one event a request, under the event's own id. Oracle: the comments of sender.h.
#include "fanout/tests/receiver_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct SingleDelivery : ReceiverFixture {
  SingleDelivery() { target.delivery = Delivery::single; }
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
  serve();
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(outbox.batch_of("stage", end()).value().value().count, 3);
}

TEST_F(SingleDelivery, EachAttemptHasTheEventsIdAndItsOwnTimestamp) {
  start();
  const auto message = one_waits();
  std::set<std::string> timestamps;
  for (int i = 0; i < 4; ++i) {
    advance(std::chrono::seconds{1});
    wait_for_request();
    EXPECT_EQ(wire[0].header("webhook-id"), event(message).id.to_string());
    EXPECT_EQ(wire[0].request.body.front(), '{');
    timestamps.insert(wire[0].header("webhook-timestamp"));
    answer_as_received(0);
  }
  EXPECT_THAT(timestamps, SizeIs(4));
}

TEST_F(SingleDelivery, EventsThatFailedAloneDoNotStarveOthers) {
  tuning.retry.window_max = 16;
  start();
  for (int i = 0; i < 16; ++i) deliver_one();
  for (int i = 0; i < 50; ++i) {
    one_waits();
    deliver_one();
  }
  advance(std::chrono::hours{1});  // all are due
  size_t alone = 0;
  for (const auto& sent : wire) alone += fails(sent) ? 1 : 0;
  EXPECT_EQ(alone, 4u) << "a quarter of the window";
  add(100);
  run();
  advance(Millis{5});
  EXPECT_THAT(wire, SizeIs(16));
}

TEST_F(SingleDelivery, CrashAfterADeliveredAttemptRepeatsThatEventOnly) {
  start();
  const auto message = one_waits_with_a_row();
  faulty.clear();
  store_away = true;
  live(std::chrono::minutes{2});
  EXPECT_EQ(taken[message], 1);
  store_away = false;
  crash_and_restart();
  taken.clear();
  live(std::chrono::minutes{2});
  EXPECT_THAT(taken, ElementsAre(testing::Pair(message, 1)));
  EXPECT_THAT(retries(), IsEmpty());
}

}  // namespace
}  // namespace vf::fanout
