// Modes and dead letters: operators' orders, and what outlives a restart. Oracle: the contract.
#include "fanout/tests/receiver_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Operation = OperatorFixture;

TEST_F(Operation, DryRunMovesTheCursorAndSendsNothingLaterEither) {
  target.mode = Mode::dry_run;
  add(600);
  start();
  advance(std::chrono::seconds{1});
  EXPECT_EQ(cursor(), end());
  set_mode(Mode::live);
  EXPECT_THAT(wire, IsEmpty());
  add(1);
  run();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m600"));
}

TEST_F(Operation, CursorThatWentBackIsFoundWithinASecond) {
  add(4);
  start();
  while (!wire.empty()) answer(0, 200);
  ASSERT_EQ(cursor(), end());
  const store::Write back = store::MoveCursor{"stage", {0, 0, 2}, "by hand"};
  ASSERT_TRUE(outbox.write({&back, 1}, clock.now(), nullptr));
  EXPECT_THAT(wire, IsEmpty());
  advance(std::chrono::seconds{1});
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_THAT(wire[0].messages(), ElementsAre("m2", "m3"));
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(Operation, CursorRowsSayWhatWasSentAndWhatTheModeSkipped) {
  add(2);
  start();
  add(2);
  answer(0, 200);  // m2 and m3 are on the wire now
  set_mode(Mode::dry_run);
  add(1);
  run();
  answer(0, 200);
  advance(std::chrono::seconds{1});
  set_mode(Mode::live);
  add(1);
  run();
  answer(0, 200);
  ASSERT_EQ(cursor(), end());
  const auto skip_reason = [this](uint64_t seq) { return outbox.batch_of("stage", {0, 0, seq}).value()->skip_reason; };
  for (const uint64_t seq : {1u, 2u, 3u, 4u, 6u}) EXPECT_EQ(skip_reason(seq), store::SkipReason::none) << seq;
  EXPECT_EQ(skip_reason(5), store::SkipReason::dry_run);
  EXPECT_EQ(outbox.batch_of("stage", {0, 0, 5}).value()->count, 0);
}

TEST_F(Operation, DryRunAmidABatchRecordsOnlyAcceptedEventsAsSent) {
  target.delivery = Delivery::single;
  add(4);
  start();
  answer(0, 200);
  ASSERT_THAT(wire, SizeIs(2));
  set_mode(Mode::dry_run);
  answer(0, 200);
  answer(0, 503);
  ASSERT_EQ(cursor(), end());
  const auto row = [this](uint64_t seq) { return *outbox.batch_of("stage", {0, 0, seq}).value(); };
  EXPECT_EQ(row(1).skip_reason, store::SkipReason::none);
  EXPECT_EQ(row(1).count, 2);
  EXPECT_EQ(row(2).to, (Position{0, 0, 2}));
  EXPECT_EQ(row(3).skip_reason, store::SkipReason::dry_run);
  EXPECT_EQ(row(4).skip_reason, store::SkipReason::dry_run);
}

TEST_F(Operation, FilteredEventsAreRecordedAsUnwanted) {
  target.types = {"x.*"};
  add(1);
  start();
  advance(std::chrono::seconds{1});
  EXPECT_EQ(outbox.batch_of("stage", end()).value()->skip_reason, store::SkipReason::unwanted);
}

TEST_F(Operation, PausedBacklogIsDeliveredOnResume) {
  target.mode = Mode::paused;
  add(3);
  start();
  advance(std::chrono::hours{1});
  EXPECT_THAT(wire, IsEmpty());
  EXPECT_EQ(cursor(), Position{});
  EXPECT_GE(dispatcher->status().lag, std::chrono::minutes{59});
  resume();
  EXPECT_THAT(wire.at(0).messages(), SizeIs(3));
}

TEST_F(Operation, OrderOfAnotherProcessIsInForceWithinTwoSeconds) {
  add(1);
  start();
  answer(0, 200);
  const auto order = [this](const std::string& value) {
    ASSERT_TRUE(
        outbox.write(std::vector<store::Write>{store::PutSetting{mode_setting("stage"), value}}, clock.now(), nullptr));
    advance(std::chrono::seconds{2});
  };
  order("paused");
  add(1);
  advance(std::chrono::seconds{1});
  EXPECT_EQ(dispatcher->status().mode, Mode::paused);
  EXPECT_THAT(wire, IsEmpty());
  order("");
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m1"));
}

// The mode stays as it is: the order is to go on now. It may come through another process, or from a job.
struct OrderedWake : Operation, testing::WithParamInterface<Wake> {};
INSTANTIATE_TEST_SUITE_P(Orders, OrderedWake, testing::Values(Wake::all, Wake::receiver));

TEST_P(OrderedWake, OfAnotherProcessEndsTheWaitThatATargetAskedFor) {
  add(2);
  start();
  http::Response busy;
  busy.status = 503;
  busy.headers.emplace_back("Retry-After", "86400");
  answer(0, busy);
  advance(std::chrono::seconds{5});
  ASSERT_THAT(wire, IsEmpty());
  const store::Write order = wake_setting("stage", GetParam(), clock.now());
  ASSERT_TRUE(outbox.write({&order, 1}, clock.now(), nullptr));
  advance(std::chrono::seconds{2});
  ASSERT_THAT(wire, SizeIs(1));
}

TEST_F(Operation, PauseLetsRequestsInFlightFinish) {
  add(1);
  start();
  set_mode(Mode::paused);
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
  add(1);
  advance(std::chrono::minutes{1});
  EXPECT_THAT(wire, IsEmpty());
}

TEST_F(Operation, DryRunSkipsEventsThatWaitForAnotherAttempt) {
  add(1);
  start();
  answer(0, 503);
  set_mode(Mode::dry_run);
  advance(std::chrono::minutes{2});
  EXPECT_THAT(wire, IsEmpty());
  EXPECT_EQ(cursor(), end());
}

TEST_F(Operation, FailureDuringDryRunIsNotSentAgain) {
  add(2);
  start();
  set_mode(Mode::dry_run);
  answer(0, 422);
  advance(std::chrono::minutes{2});
  EXPECT_THAT(wire, IsEmpty());
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_EQ(cursor(), end());
}

TEST_F(Operation, ModeOutlivesARestartUntilResume) {
  start();
  set_mode(Mode::paused);
  add(1);
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().mode, Mode::paused);
  EXPECT_THAT(wire, IsEmpty());
  resume();
  EXPECT_THAT(wire, SizeIs(1));
  EXPECT_THAT(outbox.settings().value(), IsEmpty());
}

TEST_F(Operation, ResumeMakesATargetConfiguredPausedLive) {
  target.mode = Mode::paused;
  start();
  resume();
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
}

TEST_F(Operation, ModeThatIsNotPersistedIsNotInForce) {
  start();
  store_away = true;
  dispatcher->set_mode(Mode::paused, completion());
  commit_one();
  EXPECT_EQ(completed->error().code, Code::unavailable);
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
}

TEST_F(Operation, DetachedCannotBeOrdered) {
  start();
  dispatcher->set_mode(Mode::detached, completion());
  EXPECT_EQ(completed->error().code, Code::invalid);
}

struct DeadLetter : ReceiverFixture, testing::WithParamInterface<Delivery> {
  DeadLetter() { target.delivery = GetParam(); }
  std::string message;

  void SetUp() override {
    retry_quickly();
    start();
    message = one_waits();
    ASSERT_TRUE(live_with_traffic_until([this] { return !dead().empty(); }));
    failed.clear();
  }
  void retry() {
    operators_letters().retry("stage", event(message).id, completion());
    EXPECT_TRUE(completed->has_value());
    dispatcher->row_changed(event(message).id);
    run();
  }
};
INSTANTIATE_TEST_SUITE_P(Deliveries, DeadLetter, testing::Values(Delivery::batch, Delivery::single));

TEST_P(DeadLetter, DeliveredRetryRemovesIt) {
  faulty.clear();
  retry();
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_THAT(wire[0].messages(), ElementsAre(message));
  serve();
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_THAT(retries(), IsEmpty());
  EXPECT_EQ(dispatcher->status().delivered, added);
}

TEST_P(DeadLetter, RetryIsSentAtOnceAndItsAttemptsCountFromZero) {
  const auto died_at = clock.now();
  retry();
  serve();
  EXPECT_EQ(failed[message], 1);
  ASSERT_THAT(retries(), SizeIs(1));
  EXPECT_EQ(retries()[0].attempts, 0);
  EXPECT_EQ(retries()[0].first_failed_at, clock.now());
  EXPECT_THAT(dead(), IsEmpty());
  ASSERT_TRUE(live_with_traffic_until([this] { return !dead().empty(); }));
  EXPECT_GE(failed[message], 11);
  EXPECT_GE(clock.now() - died_at, std::chrono::seconds{3}) << "not before 60 times the longest delay, again";
}

TEST_P(DeadLetter, RetryTakesTurnsWithNewEvents) {
  tuning.batches.events_max = 1;
  tuning.retry.window_max = 1;
  crash_and_restart();
  add(100);
  run();
  faulty.clear();
  taken.clear();
  operators_letters().retry("stage", event(message).id, completion());
  dispatcher->row_changed(event(message).id);
  for (int i = 0; i < 3; ++i) answer_as_received(0);
  EXPECT_EQ(taken[message], 1);
}

TEST_P(DeadLetter, RetryOrderedAtAnotherProcessIsFoundWithinASecond) {
  operators_letters().retry("stage", event(message).id, completion());
  advance(std::chrono::seconds{1});
  EXPECT_THAT(wire, SizeIs(1));
}

TEST_P(DeadLetter, RetryIsNotSentTwiceWhileItIsInFlight) {
  retry();
  advance(std::chrono::seconds{5});
  EXPECT_THAT(wire, SizeIs(1));
}

TEST_P(DeadLetter, RetryOutlivesARestart) {
  retry();
  crash_and_restart();
  ASSERT_THAT(wire, SizeIs(1));
  serve();
  crash_and_restart();
  faulty.clear();
  live(std::chrono::seconds{2}, Millis{100});
  EXPECT_EQ(taken[message], 1);
  EXPECT_THAT(retries(), IsEmpty());
}

TEST_P(DeadLetter, RetryThatIsDroppedBeforeItIsSentIsNotSent) {
  set_mode(Mode::paused);
  retry();
  advance(std::chrono::seconds{2});
  write_now(store::DropDelivery{.target = "stage", .event_id = event(message).id});
  resume();
  EXPECT_THAT(wire, IsEmpty());
  live(std::chrono::seconds{5});
  EXPECT_THAT(failed, IsEmpty());
}

TEST_P(DeadLetter, RetryWaitsWhileTheTargetFails) {
  is_down = true;
  failure = {.status = 429};
  retry();
  serve();
  live(std::chrono::hours{1});
  EXPECT_THAT(dead(), IsEmpty());
  is_down = false;
  faulty.clear();
  live(std::chrono::seconds{1}, Millis{50});
  EXPECT_EQ(taken[message], 1);
}

struct ManyRetries : ReceiverFixture {
  /// Delivers so many events, and has them retried as if they were dead letters. Returns their message ids.
  std::vector<std::string> retry_many(size_t count) {
    std::vector<std::string> messages;
    for (size_t i = 0; i < count; ++i) messages.push_back(fmt::format("m{}", added + static_cast<int>(i)));
    add(static_cast<int>(count));
    run();
    serve();
    taken.clear();
    for (const auto& message : messages) {
      const Event known = event(message);
      write_now(store::PutDelivery{
          .target = "stage", .position = known.position, .event_id = known.id, .attempts = 0, .reason = {}});
    }
    advance(std::chrono::seconds{1});
    return messages;
  }
};

TEST_F(ManyRetries, GoInOneRequest) {
  start();
  const auto messages = retry_many(5);
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_THAT(wire[0].messages(), testing::UnorderedElementsAreArray(messages));
  serve();
  EXPECT_THAT(retries(), IsEmpty());
  EXPECT_EQ(dispatcher->status().delivered, 10);
}

TEST_F(ManyRetries, GoInRequestsOfTheTargetsSize) {
  tuning.batches.events_max = 2;
  start();
  retry_many(5);
  for (const auto& sent : wire) EXPECT_LE(sent.messages().size(), 2u);
  live(std::chrono::seconds{3});
  EXPECT_THAT(retries(), IsEmpty());
  EXPECT_EQ(times_taken_of_all(), 5);
}

TEST_F(ManyRetries, GoOneByOneAfterTheirRequestHasFailed) {
  start();
  const auto messages = retry_many(5);
  faulty.insert(messages[2]);
  live(std::chrono::seconds{3});
  EXPECT_EQ(times_taken_of_all(), 4) << "each of the others once";
  ASSERT_THAT(retries(), SizeIs(1));
  EXPECT_EQ(retries()[0].event_id, event(messages[2]).id);
}

TEST_F(ManyRetries, GoOneByOneToAReceiverOfSingleEvents) {
  target.delivery = Delivery::single;
  start();
  retry_many(5);
  for (const auto& sent : wire) EXPECT_THAT(sent.messages(), SizeIs(1));
  live(std::chrono::seconds{3});
  EXPECT_EQ(times_taken_of_all(), 5);
}

// An attempt that ends while retention removes its event writes its row last.
TEST_P(DeadLetter, RowOfAPurgedEventDiesAgain) {
  auto row = dead()[0];
  const auto deaths = dispatcher->status().dead;
  const Instant soon = clock.now() + Millis{1};
  write_now(store::RetentionStep{soon, {}, {}, 1'000, soon});
  row.state = store::PutDelivery::State::retry;
  row.first_failed_at.reset();
  write_now(row);
  dispatcher->row_changed(row.event_id);
  run();
  EXPECT_THAT(wire, IsEmpty());
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_THAT(dead()[0].reason, HasSubstr("no longer holds"));
  EXPECT_EQ(dispatcher->status().dead, deaths + 1);
}

}  // namespace
}  // namespace vf::fanout
