// Events that failed alone and wait for another attempt: their rows, what outlives a restart, and what operators, modes
// and bounds do with them. Oracle: the comments of waiting_events.h and retry/rule.h, and the contract.
#include "fanout/tests/receiver_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Waiting : ReceiverFixture, testing::WithParamInterface<Delivery> {
  Waiting() { target.delivery = GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Deliveries, Waiting, testing::Values(Delivery::batch, Delivery::single));

TEST_P(Waiting, HasNoRowUntilItFailsAgainAfterADelivery) {
  start();
  const auto message = one_waits();
  live(std::chrono::minutes{5});
  EXPECT_GE(failed[message], 5);
  EXPECT_THAT(retries(), IsEmpty()) << "nothing was delivered meanwhile";
  EXPECT_EQ(cursor(), Position{});
  deliver_one();
  EXPECT_EQ(cursor(), Position{});
  live(std::chrono::minutes{1});
  ASSERT_THAT(retries(), SizeIs(1));
  EXPECT_EQ(retries()[0].event_id, event(message).id);
  EXPECT_EQ(retries()[0].attempts, 0);
  EXPECT_THAT(retries()[0].reason, HasSubstr("500"));
  EXPECT_EQ(cursor(), end()) << "the cursor passes it";
  EXPECT_EQ(dispatcher->status().waiting, 1u);
  EXPECT_EQ(dispatcher->status().retried, 1);
}

TEST_P(Waiting, DeliveredWithoutARowItIsDeliveredByTheCursor) {
  start();
  const auto message = one_waits();
  faulty.clear();
  live(std::chrono::seconds{1}, Millis{100});
  EXPECT_EQ(taken[message], 1);
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(outbox.batch_of("stage", end()).value()->count, 1);
  EXPECT_EQ(dispatcher->status().waiting, 0u);
}

TEST_P(Waiting, DeliveredWithARowTheRowIsRemoved) {
  start();
  const auto message = one_waits_with_a_row();
  faulty.clear();
  live(std::chrono::minutes{1});
  EXPECT_EQ(taken[message], 1);
  EXPECT_EQ(row(message), std::nullopt);
  EXPECT_EQ(dispatcher->status().waiting, 0u);
  EXPECT_EQ(dispatcher->status().delivered, added);
}

TEST_P(Waiting, CountIsStoredAndSurvivesARestart) {
  retry_quickly();
  start();
  const auto message = one_waits();
  ASSERT_TRUE(live_with_traffic_until([&] { return row(message) && row(message)->attempts == 6; }));
  const auto first_failed_at = row(message)->first_failed_at;
  const int before = failed[message];
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().waiting, 1u);
  ASSERT_TRUE(live_with_traffic_until([&] { return row(message)->attempts == 7; }));
  EXPECT_LE(failed[message] - before, 2) << "the first one may not count: nothing was delivered before it";
  EXPECT_EQ(row(message)->first_failed_at, first_failed_at);
  ASSERT_TRUE(live_with_traffic_until([this] { return !dead().empty(); }));
  EXPECT_GE(dead()[0].attempts, 10);
}

TEST_P(Waiting, RestartBeforeTheCursorPassesItSendsItOnce) {
  start();
  add(1);
  faulty.insert("m0");
  run();
  serve();
  live_with_traffic_until([this] { return !retries().empty(); });
  const store::Write back = store::MoveCursor{"stage", {}, "by hand"};
  write_now(back);
  crash_and_restart();
  faulty.clear();
  taken.clear();
  live(std::chrono::minutes{1});
  EXPECT_EQ(taken["m0"], 1);
  EXPECT_THAT(taken, SizeIs(added));
  EXPECT_THAT(retries(), IsEmpty());
  EXPECT_EQ(cursor(), end());
}

TEST_P(Waiting, DeadLetterBehindTheCursorIsNotSentAgainAfterARestart) {
  start();
  const auto message = one_waits_with_a_row();
  auto letter = *row(message);
  letter.state = store::PutDelivery::State::dead;
  write_now(letter);
  write_now(store::MoveCursor{"stage", {}, "by hand"});
  const int before = failed[message];
  crash_and_restart();
  live(std::chrono::minutes{2});
  EXPECT_EQ(failed[message], before);
  EXPECT_EQ(cursor(), end());
}

TEST_P(Waiting, CursorWaitsForTheRow) {
  start();
  one_waits();
  deliver_one();
  store_away = true;
  live(std::chrono::minutes{1});
  EXPECT_EQ(cursor(), Position{});
  store_away = false;
  live(std::chrono::seconds{2});
  EXPECT_THAT(retries(), SizeIs(1));
  EXPECT_EQ(cursor(), end());
}

TEST_P(Waiting, NoAttemptIsMadeWhileTheRowIsBeingWritten) {
  start();
  const auto message = one_waits();
  deliver_one();
  store_away = true;
  live(std::chrono::seconds{5}, Millis{100});
  const int before = failed[message];
  live(std::chrono::minutes{5});
  EXPECT_EQ(failed[message], before);
}

TEST_P(Waiting, OperatorEndsTheWaitOfAnEventWithARow) {
  start();
  const auto message = one_waits_with_a_row();
  auto letter = *row(message);
  letter.state = store::PutDelivery::State::dead;
  write_now(letter);
  dispatcher->row_changed(letter.event_id);
  const int before = failed[message];
  live(std::chrono::minutes{5});
  EXPECT_EQ(failed[message], before);
  EXPECT_EQ(row(message)->state, store::PutDelivery::State::dead);
  EXPECT_EQ(dispatcher->status().waiting, 0u);
  EXPECT_EQ(dispatcher->status().dead, 1);
}

TEST_P(Waiting, OrderOfAnOperatorAtAnotherProcessIsSeenBeforeTheNextAttempt) {
  start();
  const auto message = one_waits_with_a_row();
  auto letter = *row(message);
  letter.state = store::PutDelivery::State::dead;
  write_now(letter);
  const int before = failed[message];
  live(std::chrono::minutes{5});
  EXPECT_EQ(failed[message], before);
  EXPECT_EQ(dispatcher->status().waiting, 0u);
  EXPECT_EQ(dispatcher->status().dead, 1);
}

TEST_P(Waiting, DeadLetterThatRetentionMakesIsCounted) {
  start();
  const auto message = one_waits_with_a_row();
  write_now(store::RetentionStep{clock.now() + Millis{1}, {}, {}, 1'000, {}});
  ASSERT_EQ(row(message)->state, store::PutDelivery::State::dead);
  live(std::chrono::minutes{5});
  EXPECT_EQ(dispatcher->status().dead, 1);
}

TEST_P(Waiting, OperatorEndsTheWaitOfAnEventInMemory) {
  start();
  const auto message = one_waits();
  const store::PutDelivery letter{.target = "stage",
                                  .position = end(),
                                  .event_id = event(message).id,
                                  .state = store::PutDelivery::State::dead,
                                  .reason = "an operator"};
  write_now(letter);
  dispatcher->row_changed(letter.event_id);
  live(std::chrono::minutes{5});
  EXPECT_EQ(failed[message], 1);
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(row(message)->reason, "an operator");
  EXPECT_EQ(dispatcher->status().dead, 1);
}

TEST_P(Waiting, OperatorTakesAnEventOutThatWasNotSentYet) {
  target.mode = Mode::paused;
  add(4);
  start();
  const auto set_aside = [this](int number) {
    const store::PutDelivery letter{.target = "stage",
                                    .position = {0, 0, static_cast<uint64_t>(number) + 1},
                                    .event_id = event(fmt::format("m{}", number)).id,
                                    .state = store::PutDelivery::State::dead,
                                    .reason = "an operator"};
    write_now(letter);
    dispatcher->row_changed(letter.event_id);
  };
  set_aside(1);  // not read yet
  is_down = true;
  failure = {.status = 429};
  resume();
  serve();
  EXPECT_FALSE(failed.contains("m1"));
  set_aside(3);  // read, and not sent alone yet
  is_down = false;
  failed.clear();
  live(std::chrono::minutes{1});
  EXPECT_EQ(times_taken_of_all(), 2);
  EXPECT_EQ(taken["m0"] + taken["m2"], 2);
  EXPECT_EQ(cursor(), end());
}

TEST_P(Waiting, ModeSkipsHeldEventsAndKeepsThoseWithARow) {
  start();
  const auto with_row = one_waits_with_a_row();
  is_down = true;
  failure = {.status = 429};
  const auto held = fmt::format("m{}", added);
  deliver_one();
  faulty.clear();
  set_mode(Mode::dry_run);
  live(std::chrono::minutes{5});
  EXPECT_EQ(cursor(), end());
  EXPECT_EQ(outbox.batch_of("stage", end()).value()->skip_reason, store::SkipReason::dry_run);
  EXPECT_EQ(dispatcher->status().waiting, 1u);
  is_down = false;
  set_mode(Mode::live);
  live(std::chrono::minutes{2});
  EXPECT_EQ(taken[with_row], 1);
  EXPECT_EQ(taken[held], 0);
  EXPECT_THAT(retries(), IsEmpty());
}

TEST_P(Waiting, RowThatTheStoreLostIsForgottenWhenTheCursorWentBack) {
  start();
  const auto message = one_waits();
  failure = {.status = 503, .retry_after = std::chrono::minutes{10}};
  ASSERT_TRUE(live_with_traffic_until([this] { return !retries().empty(); }));
  failure = {.status = 500};
  write_now(store::DropDelivery{.target = "stage", .event_id = event(message).id});
  write_now(store::MoveCursor{"stage", {}, "a standby that lagged has taken over"});
  taken.clear();
  live(std::chrono::seconds{2}, Millis{100});
  EXPECT_EQ(dispatcher->status().waiting, 1u) << "it was read again, and has failed again";
  faulty.clear();
  live(std::chrono::minutes{5});
  EXPECT_EQ(taken[message], 1);
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(retries(), IsEmpty());
}

struct BoundOfHeld : ReceiverFixture {
  BoundOfHeld() {
    tuning.batches.events_max = 4;
    tuning.held_events_max = 12;
  }
};

TEST_F(BoundOfHeld, EventsInMemoryGetRowsSoThatOthersFlow) {
  start();
  one_waits();
  for (int i = 0; i < 30; ++i) {
    add(1);
    run();
    serve();
  }
  EXPECT_THAT(retries(), SizeIs(1)) << "no time has passed: it has not failed again";
  EXPECT_EQ(times_taken_of_all(), 30);
  EXPECT_EQ(cursor(), end());
}

TEST_F(BoundOfHeld, ReadingStopsAtTheBoundWhileTheTargetIsDown) {
  is_down = true;
  add(1000);
  start();
  live(std::chrono::minutes{10});
  EXPECT_LE(failed.size(), 12u + 4u + retries().size());
  is_down = false;
  live(std::chrono::minutes{5});
  EXPECT_EQ(times_taken_of_all(), 1000);
  EXPECT_THAT(retries(), IsEmpty());
}

TEST_F(BoundOfHeld, BytesAreBoundedToo) {
  tuning = Tuning{};
  tuning.held_bytes_max = 4'000;
  faulty = {"m0"};
  add(40);  // one batch, longer than the bound while one of its events is held
  start();
  live(std::chrono::seconds{2}, Millis{50});
  deliver_one();
  EXPECT_THAT(retries(), SizeIs(1));
  EXPECT_EQ(times_taken_of_all(), 40);
  EXPECT_EQ(cursor(), end());
}

TEST_F(BoundOfHeld, RowOfAnEventThatIsDeliveredMeanwhileIsRemoved) {
  start();
  const auto message = one_waits();
  wait_for_request();
  ASSERT_THAT(wire.at(0).messages(), ElementsAre(message));
  store_away = true;
  add(30);
  for (int i = 0; i < 30 && dispatcher->status().retried == 0; ++i) {
    run();
    while (wire.size() > 1) answer_as_received(1);
    advance(Millis{1});
  }
  ASSERT_EQ(dispatcher->status().retried, 1) << "its row is on its way, while an attempt is in flight";
  faulty.clear();
  store_away = false;
  serve();
  EXPECT_EQ(taken[message], 1);
  live(std::chrono::minutes{1});
  EXPECT_EQ(taken[message], 1);
  EXPECT_THAT(retries(), IsEmpty()) << "the write of the row, which failed, is not repeated after its removal";
  EXPECT_EQ(cursor(), end());
}

struct FullTarget : BoundOfHeld {
  FullTarget() { tuning.retry.recorded_max = 3; }
};

TEST_F(FullTarget, StopsReadingWithAnAlarmUntilOneIsDelivered) {
  start();
  for (int i = 0; i < 4; ++i) one_waits();
  for (int i = 0; i < 30; ++i) deliver_one();
  EXPECT_THAT(retries(), SizeIs(3));
  EXPECT_THAT(dispatcher->status().alarm,
              HasSubstr("3 events wait for another attempt and none of them has failed ten times yet"));
  EXPECT_LT(times_taken_of_all(), 30);
  faulty.erase("m0");
  live(std::chrono::minutes{2});
  EXPECT_EQ(times_taken_of_all(), 31);
  EXPECT_EQ(dispatcher->status().alarm, "");
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_F(FullTarget, EventWithTheMostCountedAttemptsDiesFirst) {
  tuning.retry.first = tuning.retry.longest = Millis{50};
  tuning.retry.attempts = 1'000;
  start();
  const auto oldest = one_waits();
  ASSERT_TRUE(live_with_traffic_until([&] { return row(oldest) && row(oldest)->attempts == 10; }));
  for (int i = 0; i < 2; ++i) one_waits_with_a_row();
  one_waits();
  ASSERT_TRUE(live_with_traffic_until([this] { return !dead().empty(); }));
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_GE(dead()[0].attempts, 10);
  EXPECT_THAT(retries(), SizeIs(3));
  for (const auto& waiting : retries()) EXPECT_LE(waiting.attempts, dead()[0].attempts);
}

}  // namespace
}  // namespace vf::fanout
