// Rows that the raw log refuses, and a raw log that refuses everything. Oracle: what the log holds, the dead letters of
// "raw-log", the order of writes. Scope: the feeder; random histories are in raw_log_feeder_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_log/fixture_test.h"

namespace vf::raw_log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = PutDelivery::State;

struct Refusal : testing::Test {
  Refusal() { world.run_until_caught_up(); }

  std::vector<Uuid> add_refused(int count) {
    auto ids = world.add(count);
    world.lake.refused_ids.insert(ids.begin(), ids.end());
    return ids;
  }
  void pass(Millis time) {
    world.clock.advance(time);
    world.run_until_idle();
  }

  World world;
};

TEST_F(Refusal, TheBatchIsHalvedUntilTheGuiltyRowIsAloneAndPutAside) {
  world.add(5);
  const auto guilty = add_refused(1);
  world.add(2);
  world.run_until_caught_up();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(8, 4, 4, 2, 1, 1, 2));
  EXPECT_EQ(world.lake.kept.size(), 7u);
  EXPECT_EQ(world.lake.times_kept().size(), 7u);
  const auto dead = world.exceptions(State::dead);
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].event_id, guilty[0]);
  EXPECT_EQ(dead[0].position, (Position{0, 0, 6}));
  EXPECT_EQ(dead[0].attempts, 1);
  EXPECT_THAT(dead[0].reason, HasSubstr("cannot store a row"));
  EXPECT_EQ(world.feeder->status().dead, 1);
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 8}));
  EXPECT_EQ(world.feeder->status().last_error, "");
}

TEST_F(Refusal, TheCursorPassesARowOnlyOnceItIsWrittenDown) {
  world.log.clear();
  add_refused(1);
  world.run_until_caught_up();
  EXPECT_THAT(world.log, ElementsAre("pin", "insert", "aside", "advance"));
}

TEST_F(Refusal, RowsStoredBeforeTheRefusedOneAreNotStoredAgain) {
  world.lake.refusal_keeps_rows_before = true;
  world.add(6);
  add_refused(1);
  world.add(6);
  world.run_until_caught_up();
  EXPECT_EQ(world.lake.kept.size(), 12u);
  EXPECT_EQ(world.lake.times_kept().size(), 12u);
}

// Killed before and behind every write, in turn, while three rows are looked for.
TEST_F(Refusal, ACrashAtAnyWriteSkipsAndDoublesNothing) {
  for (int crash_at = 0; crash_at < 40; ++crash_at) {
    World w;
    w.run_until_caught_up();
    w.lake.refusal_keeps_rows_before = crash_at % 4 < 2;
    const auto ids = w.add(9);
    w.lake.refused_ids = {ids[0], ids[4], ids[8]};
    w.clock.advance(Millis{1'000});
    for (int writes = 0; writes < crash_at / 2;) {
      w.feeder->step();
      if (w.queue.empty()) break;
      w.answer_write();
      ++writes;
    }
    for (int i = 0; i < 20 && w.queue.empty(); ++i) w.feeder->step();
    w.crash(crash_at % 2 == 1);
    w.run_until_caught_up();
    EXPECT_EQ(w.lake.kept.size(), 6u) << crash_at;
    EXPECT_EQ(w.lake.times_kept().size(), 6u) << crash_at;
    EXPECT_EQ(w.dead(), w.lake.refused_ids) << crash_at;
  }
}

TEST_F(Refusal, ARowPutAsideBeforeACrashIsNotStoredBehindItsDeadLettersBack) {
  const auto guilty = add_refused(1);
  world.clock.advance(Millis{1'000});
  while (world.dead().empty()) {
    world.feeder->step();
    if (!world.queue.empty()) world.answer_write();
  }
  world.crash(false);  // the cursor has not passed it
  world.lake.refused_ids.clear();
  world.run_until_caught_up();
  EXPECT_TRUE(world.lake.kept.empty());
  EXPECT_THAT(world.dead(), ElementsAre(guilty[0]));
}

TEST_F(Refusal, ADeadLetterIsStoredOnceAfterARetryAndIsThenForgotten) {
  const auto guilty = add_refused(1);
  world.run_until_caught_up();
  world.lake.refused_ids.clear();
  world.retry_dead(guilty[0]);
  pass(Millis{1'000});
  world.expect_each_once();
  EXPECT_TRUE(world.outbox.deliveries_of(guilty[0])->empty());
}

TEST_F(Refusal, ARetryOfUnknownOutcomeIsAskedForBeforeTheNext) {
  for (const auto fault : {FakeLake::Fault::unanswered, FakeLake::Fault::still_running}) {
    const auto guilty = add_refused(1);
    world.run_until_caught_up();
    world.lake.refused_ids.clear();
    world.retry_dead(guilty[0]);
    world.lake.insert_fault = fault;
    for (int i = 0; i < 5; ++i) pass(Millis{1'000});
    world.expect_each_once();
    EXPECT_TRUE(world.outbox.deliveries_of(guilty[0])->empty());
  }
}

TEST_F(Refusal, ARetryThatIsRefusedAgainIsDeadAgain) {
  const auto guilty = add_refused(1);
  world.run_until_caught_up();
  world.retry_dead(guilty[0]);
  pass(Millis{1'000});
  EXPECT_THAT(world.dead(), ElementsAre(guilty[0]));
}

TEST_F(Refusal, ARetryThatRetentionOvertookSaysSo) {
  const auto guilty = add_refused(1);
  world.run_until_caught_up();
  store::PutDelivery retry = world.exceptions(State::dead).at(0);
  retry.state = State::retry;
  ASSERT_TRUE(world.commit(store::RetentionStep{world.clock.now() + Millis{1}, {}, {}, 10}));
  ASSERT_TRUE(world.commit(retry));  // an operator's, under way at that moment
  pass(Millis{1'000});
  ASSERT_EQ(world.exceptions(State::dead).size(), 1u);
  EXPECT_THAT(world.exceptions(State::dead)[0].reason, HasSubstr("no longer holds"));
}

TEST_F(Refusal, RetriesAndBatchesTakeTurns) {
  add_refused(4);
  world.run_until_caught_up();
  world.lake.refused_ids.clear();
  for (const Uuid id : world.dead()) world.retry_dead(id);
  world.add(1);
  world.log.clear();
  pass(Millis{1'000});
  EXPECT_THAT(world.log, ElementsAre("insert", "drop", "pin", "insert", "drop", "insert", "advance", "insert", "drop",
                                     "insert", "drop"));
  world.expect_each_once();
}

TEST_F(Refusal, ALakeThatRefusesEverythingKillsFiveRowsAndThenBacksOff) {
  world.lake.refuses_everything = true;
  world.add(50);
  for (int i = 0; i < 200; ++i) pass(Millis{10'000});
  EXPECT_EQ(world.dead().size(), 5u);
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 5})) << "what has not died waits";
  EXPECT_THAT(world.feeder->status().last_error, HasSubstr("refused 5 rows in a row"));
  EXPECT_THAT(world.feeder->status().last_error, HasSubstr("the lake is broken"));
  const size_t inserts = world.lake.batch_sizes.size();
  for (int i = 0; i < 30; ++i) pass(Millis{1'000});
  EXPECT_LE(world.lake.batch_sizes.size(), inserts + 2) << "no more often than every fifteen seconds";

  world.lake.refuses_everything = false;
  world.run_until_caught_up();
  EXPECT_EQ(world.feeder->status().last_error, "");
  for (const Uuid id : world.dead()) world.retry_dead(id);
  pass(Millis{1'000});
  world.expect_each_once();
}

TEST_F(Refusal, EachProbeTriesAnotherRowSoThatGuiltyOnesHoldUpNobody) {
  const auto guilty = add_refused(12);
  world.add(3);
  world.run_until_caught_up();
  EXPECT_EQ(world.dead(), world.lake.refused_ids);
  EXPECT_EQ(world.lake.kept.size(), 3u);
  EXPECT_EQ(world.lake.times_kept().size(), 3u);
}

TEST_F(Refusal, AProbeGoesBeyondThePinnedRange) {
  add_refused(6);
  for (int i = 0; i < 10; ++i) pass(Millis{10'000});
  EXPECT_EQ(world.dead().size(), 5u) << "the sixth may suffer from the lake";
  world.add(1);
  world.run_until_caught_up();
  EXPECT_EQ(world.dead().size(), 6u);
  EXPECT_EQ(world.lake.kept.size(), 1u);
}

TEST_F(Refusal, InTheLakesTroubleRetriesWaitInsteadOfDying) {
  const auto guilty = add_refused(2);
  world.run_until_caught_up();
  world.lake.refuses_everything = true;
  world.add(4);
  pass(Millis{1'000});
  ASSERT_EQ(world.dead().size(), 5u) << "the first two, then three more";
  for (const Uuid id : guilty) world.retry_dead(id);
  world.lake.refused_ids.clear();
  for (int i = 0; i < 50; ++i) pass(Millis{10'000});
  EXPECT_EQ(world.exceptions(State::retry).size(), 2u);
  world.lake.refuses_everything = false;
  for (int i = 0; i < 10; ++i) pass(Millis{10'000});
  EXPECT_TRUE(world.exceptions(State::retry).empty());
  EXPECT_EQ(world.lake.kept.size(), 3u);
}

TEST_F(Refusal, ALakeThatCannotBeAskedBlamesNoRow) {
  world.add(3);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.lake.reads_refuse = 8;
  world.run_until_caught_up();
  EXPECT_TRUE(world.dead().empty());
  world.expect_each_once();

  const auto guilty = add_refused(1);
  world.run_until_caught_up();
  world.retry_dead(guilty[0]);
  world.lake.reads_refuse = 2;
  pass(Millis{1'000});
  EXPECT_TRUE(world.dead().empty());
}

TEST_F(Refusal, ARowRefusedAgainAfterAnotherWasTakenCountsAgain) {
  const auto guilty = add_refused(1);
  world.run_until_caught_up();
  world.add(1);
  world.run_until_caught_up();
  world.retry_dead(guilty[0]);
  pass(Millis{1'000});
  add_refused(5);
  for (int i = 0; i < 5; ++i) pass(Millis{10'000});
  EXPECT_EQ(world.dead().size(), 5u) << "the first among them";
}

}  // namespace
}  // namespace vf::raw_log
