// Targets whose backlog grew too old, or whose rows retention removed: the events left behind, the alarm, and what an
// operator can do, also while the store does not answer. Oracle: the contract.
#include "fanout/tests/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Detachment : OperatorFixture {
  Detachment() { target.max_backlog = std::chrono::hours{2}; }
};

TEST_F(Detachment, OldBacklogDetachesAndMovesTheCursorToThePresent) {
  add(1);
  start();
  answer(0, 503);
  advance(std::chrono::hours{2} - std::chrono::seconds{20});
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  ASSERT_THAT(wire, SizeIs(1));
  answer(0, 503);
  add(3);
  advance(std::chrono::seconds{30});
  const auto status = dispatcher->status();
  EXPECT_EQ(status.state, State::detached);
  EXPECT_THAT(status.alarm, HasSubstr("vf targets resume stage"));
  EXPECT_EQ(cursor(), end());
  ASSERT_THAT(outbox.audit({}).value(), SizeIs(1));
  EXPECT_THAT(outbox.audit({}).value()[0].entry.detail, HasSubstr("max_backlog"));
}

TEST_F(Detachment, BacklogOfExactlyMaxBacklogIsAllowed) {
  add(1);
  start();
  clock.advance(target.max_backlog);
  run();
  EXPECT_EQ(dispatcher->status().state, State::ok);
  clock.advance(std::chrono::seconds{10});
  run();
  EXPECT_EQ(dispatcher->status().state, State::detached);
}

TEST_F(Detachment, BacklogAgesByTheStoresClock) {
  add(1);
  start();
  outbox.behind = std::chrono::days{40};
  clock.jump(outbox.behind);
  advance(std::chrono::seconds{20});
  EXPECT_EQ(dispatcher->status().state, State::ok);
  advance(target.max_backlog);
  EXPECT_EQ(dispatcher->status().state, State::detached);
}

TEST_F(Detachment, WaitsWhileAClockIsInDoubt) {
  add(1);
  start();
  clock_in_doubt = true;
  clock.jump(std::chrono::days{40});
  advance(std::chrono::seconds{10});
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("once the clock is no longer in doubt"));
  EXPECT_THAT(outbox.audit({}).value(), IsEmpty());
  clock.jump(-std::chrono::days{40});
  clock_in_doubt = false;
  advance(std::chrono::seconds{10});
  EXPECT_EQ(dispatcher->status().alarm, "");
  answer(0, 200);
  EXPECT_EQ(cursor(), end()) << "the event was still there to deliver";
}

TEST_F(Detachment, AlarmIsRaisedFromFourFifthsOfMaxBacklog) {
  add(1);
  start();
  clock.advance(target.max_backlog / 5 * 4 - Millis{1});
  run();
  EXPECT_EQ(dispatcher->status().alarm, "");
  clock.advance(std::chrono::seconds{10});
  run();
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("max_backlog is 2.0 h: a target further behind is detached"));
  EXPECT_EQ(dispatcher->status().state, State::ok);
  answer(0, 200);
  advance(std::chrono::seconds{10});
  EXPECT_EQ(dispatcher->status().alarm, "");
}

struct PausedBacklog : Detachment {
  PausedBacklog() { target.mode = Mode::paused; }
};

TEST_F(PausedBacklog, PassesMaxBacklogWithAnAlarm) {
  add(1);
  start();
  clock.advance(target.max_backlog / 5 * 4 - Millis{1});
  run();
  EXPECT_EQ(dispatcher->status().alarm, "");
  advance(std::chrono::seconds{10});
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("a paused target is not detached"));
  advance(std::chrono::days{60});
  EXPECT_EQ(dispatcher->status().mode, Mode::paused);
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("60.1 days"));
  EXPECT_THAT(outbox.audit({}).value(), IsEmpty());
}

TEST_F(PausedBacklog, IsDeliveredAfterTheResume) {
  add(1);
  start();
  advance(std::chrono::days{60});
  resume();
  advance(std::chrono::seconds{10});
  ASSERT_THAT(wire, SizeIs(1));
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
}

TEST_F(PausedBacklog, HasMaxBacklogAgainFromTheResume) {
  add(1);
  start();
  advance(std::chrono::days{60});
  resume();
  clock.advance(target.max_backlog);
  run();
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  advance(std::chrono::seconds{10});
  EXPECT_EQ(dispatcher->status().mode, Mode::detached);
}

TEST_F(PausedBacklog, CountsFromThePauseThatTheStoreHoldsAfterARestart) {
  add(1);
  start();
  advance(std::chrono::days{60});
  target.mode = Mode::live;  // the operator has changed the configuration
  crash_and_restart();
  advance(std::chrono::seconds{10});
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  ASSERT_THAT(wire, SizeIs(1));
  advance(target.max_backlog);
  EXPECT_EQ(dispatcher->status().mode, Mode::detached);
}

TEST_F(PausedBacklog, APauseSeenWhileAClockIsInDoubtIsNotWrittenDown) {
  add(1);
  start();
  clock_in_doubt = true;
  clock.jump(std::chrono::days{40});
  advance(std::chrono::seconds{10});
  EXPECT_THAT(outbox.settings().value(), IsEmpty());
  clock_in_doubt = false;
  advance(std::chrono::seconds{10});
  EXPECT_THAT(outbox.settings().value(), SizeIs(1));
}

TEST_F(Detachment, OutlivesARestartAndResumesAtThePresent) {
  add(1);
  start();
  advance(std::chrono::hours{3});
  ASSERT_EQ(dispatcher->status().state, State::detached);
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().state, State::detached);
  add(600);
  run();
  advance(std::chrono::seconds{2});
  EXPECT_EQ(cursor(), end());
  resume();
  EXPECT_EQ(dispatcher->status().state, State::ok);
  EXPECT_EQ(dispatcher->status().alarm, "");
  add(1);
  run();
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m601"));
}

TEST_F(Detachment, IsWrittenOnceTheStoreIsBack) {
  add(1);
  start();
  store_away = true;
  clock.advance(std::chrono::hours{3});
  dispatcher->step();
  while (!writes.empty()) commit_one();
  store_away = false;
  advance(std::chrono::seconds{2});
  EXPECT_EQ(cursor(), end());
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().state, State::detached);
}

struct UnwrittenDetachment : Detachment {
  // Sets up a detached target while the store fails every write.
  void SetUp() override {
    add(1);
    start();
    store_away = true;
    clock.advance(std::chrono::hours{3});
    dispatcher->step();
    ASSERT_EQ(dispatcher->status().mode, Mode::detached);
    while (!writes.empty()) commit_one();
  }
};

TEST_F(UnwrittenDetachment, GivesWayToANewerOrder) {
  dispatcher->resume(completion());
  store_away = false;
  while (!writes.empty()) commit_one();
  ASSERT_TRUE(completed->has_value());
  advance(std::chrono::seconds{5});
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().mode, Mode::live);
}

TEST_F(UnwrittenDetachment, IsWrittenWhenTheNewerOrderFailed) {
  dispatcher->resume(completion());
  clock.advance(std::chrono::seconds{1});
  dispatcher->step();  // drops the failed write of the detachment: the order is on its way to the store
  while (!writes.empty()) commit_one();
  ASSERT_FALSE(completed->has_value());
  store_away = false;
  advance(std::chrono::seconds{5});
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().mode, Mode::detached);
}

TEST_F(Detachment, ResumeBeforeTheMoveIsConfirmedSendsNothingOlder) {
  add(3);
  start();
  clock.advance(std::chrono::hours{3});
  for (int i = 0; i < 100 && (writes.empty() || !std::holds_alternative<store::MoveCursor>(writes.front().first));
       ++i) {
    while (!writes.empty()) commit_one();
    dispatcher->step();
  }
  ASSERT_FALSE(writes.empty()) << "the cursor was not moved";
  outcome_unknown = true;
  commit_one();
  outcome_unknown = false;
  ASSERT_EQ(cursor(), end());
  dispatcher->resume([](const auto&) {});
  run();
  ASSERT_THAT(wire, SizeIs(1)) << "the move left these events behind";
  answer(0, 200);  // to the request that was sent before the detachment
  advance(std::chrono::seconds{2});
  EXPECT_THAT(wire, IsEmpty());
  add(1);
  run();
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_THAT(wire[0].messages(), ElementsAre("m3"));
}

struct Gap : OperatorFixture {
  // One event is delivered; then, while the target is not configured, three more come and all four are purged.
  void SetUp() override {
    add(1);
    start();
    answer(0, 200);
    dispatcher.reset();
    add(3);
    const store::Write purge = store::RetentionStep{clock.now() + Millis{1}, {}, {}, 10};
    ASSERT_TRUE(outbox.write({&purge, 1}, clock.now(), nullptr));
  }
};

TEST_F(Gap, RaisesAnAlarmAndDeliversWhatIsLeft) {
  add(1);
  start();
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("3 unknown events missed"));
  EXPECT_THAT(outbox.audit({}).value().at(0).entry.detail, HasSubstr("3 unknown events missed"));
  EXPECT_THAT(wire.at(0).messages(), ElementsAre("m4"));
  answer(0, 200);
  EXPECT_EQ(cursor(), end());
  EXPECT_THAT(dispatcher->status().alarm, HasSubstr("3 unknown events missed")) << "until an operator has seen it";
  resume();
  EXPECT_EQ(dispatcher->status().alarm, "");
}

TEST_F(Gap, IsReportedOnceAlsoWhenTheOutboxIsEmpty) {
  start();
  EXPECT_EQ(cursor(), end());
  const auto entries = outbox.audit({}).value().size();
  crash_and_restart();
  EXPECT_EQ(dispatcher->status().alarm, "");
  EXPECT_THAT(outbox.audit({}).value(), SizeIs(entries));
}

}  // namespace
}  // namespace vf::fanout
