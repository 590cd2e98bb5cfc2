// Rows that the lake refuses, and a lake that refuses every row. Oracle: the rows in the log, the dead letters of
// "raw-log", the order of writes. Scope: the feeder; random histories are in feeder_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = PutDelivery::State;

struct Refusal : testing::Test {
  Refusal() { harness.run_until_caught_up(); }

  std::vector<Uuid> add_refused(int count) {
    auto ids = harness.add(count);
    harness.lake.refused_ids.insert(ids.begin(), ids.end());
    return ids;
  }
  void pass(Millis time) {
    harness.clock.advance(time);
    harness.run_until_idle();
  }

  FeederHarness harness;
};

TEST_F(Refusal, HalvesTheBatchUntilTheRefusedRowIsAlone) {
  harness.add(5);
  const auto refused = add_refused(1);
  harness.add(2);
  harness.run_until_caught_up();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(8, 4, 4, 2, 1, 1, 2));
  EXPECT_EQ(harness.lake.kept.size(), 7u);
  EXPECT_EQ(harness.lake.times_kept().size(), 7u);
  const auto dead = harness.deliveries(State::dead);
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].event_id, refused[0]);
  EXPECT_EQ(dead[0].position, (Position{0, 0, 6}));
  EXPECT_EQ(dead[0].attempts, 1);
  EXPECT_THAT(dead[0].reason, HasSubstr("cannot store a row"));
  EXPECT_EQ(harness.feeder->status().dead, 1);
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 8}));
  EXPECT_EQ(harness.feeder->status().last_error, "");
}

TEST_F(Refusal, CursorPassesARowOnlyAfterItsDeadLetterIsWritten) {
  harness.log.clear();
  add_refused(1);
  harness.run_until_caught_up();
  EXPECT_THAT(harness.log, ElementsAre("pin", "insert", "dead letter", "advance"));
}

TEST_F(Refusal, RowsStoredBeforeTheRefusedOneAreNotRepeated) {
  harness.lake.refusal_keeps_rows_before = true;
  harness.add(6);
  add_refused(1);
  harness.add(6);
  harness.run_until_caught_up();
  EXPECT_EQ(harness.lake.kept.size(), 12u);
  EXPECT_EQ(harness.lake.times_kept().size(), 12u);
}

// Crashes before and after every write in turn, while three refused rows are isolated.
TEST_F(Refusal, CrashAtAnyWriteSkipsAndRepeatsNothing) {
  for (int crash_at = 0; crash_at < 40; ++crash_at) {
    FeederHarness w;
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

TEST_F(Refusal, RowWithADeadLetterIsNotInsertedAfterACrash) {
  const auto refused = add_refused(1);
  harness.clock.advance(Millis{1'000});
  while (harness.dead().empty()) {
    harness.feeder->step();
    if (!harness.queue.empty()) harness.answer_write();
  }
  harness.crash(false);  // before the cursor passes the row
  harness.lake.refused_ids.clear();
  harness.run_until_caught_up();
  EXPECT_TRUE(harness.lake.kept.empty());
  EXPECT_THAT(harness.dead(), ElementsAre(refused[0]));
}

TEST_F(Refusal, RetriedDeadLetterIsStoredOnceAndDropped) {
  const auto refused = add_refused(1);
  harness.run_until_caught_up();
  harness.lake.refused_ids.clear();
  harness.retry_dead(refused[0]);
  pass(Millis{1'000});
  harness.expect_each_once();
  EXPECT_TRUE(harness.outbox.deliveries_of(refused[0])->empty());
}

TEST_F(Refusal, RetryWithUnknownOutcomeIsLookedUpBeforeTheNext) {
  for (const auto fault : {FakeLake::Fault::unanswered, FakeLake::Fault::still_running}) {
    const auto refused = add_refused(1);
    harness.run_until_caught_up();
    harness.lake.refused_ids.clear();
    harness.retry_dead(refused[0]);
    harness.lake.insert_fault = fault;
    for (int i = 0; i < 5; ++i) pass(Millis{1'000});
    harness.expect_each_once();
    EXPECT_TRUE(harness.outbox.deliveries_of(refused[0])->empty());
  }
}

TEST_F(Refusal, RetryThatIsRefusedAgainIsDeadAgain) {
  const auto refused = add_refused(1);
  harness.run_until_caught_up();
  harness.retry_dead(refused[0]);
  pass(Millis{1'000});
  EXPECT_THAT(harness.dead(), ElementsAre(refused[0]));
}

TEST_F(Refusal, RetryOfAPurgedEventDiesWithItsReason) {
  const auto refused = add_refused(1);
  harness.run_until_caught_up();
  store::PutDelivery retry = harness.deliveries(State::dead).at(0);
  retry.state = State::retry;
  const Instant now = harness.clock.now() + Millis{1};
  ASSERT_TRUE(harness.commit(store::RetentionStep{.outbox_before = now, .held_by = {}, .deliveries_before = now}));
  ASSERT_TRUE(harness.commit(retry));  // by an operator, at the same moment
  pass(Millis{1'000});
  ASSERT_EQ(harness.deliveries(State::dead).size(), 1u);
  EXPECT_THAT(harness.deliveries(State::dead)[0].reason, HasSubstr("no longer holds"));
}

TEST_F(Refusal, RetriesAndBatchesTakeTurns) {
  add_refused(4);
  harness.run_until_caught_up();
  harness.lake.refused_ids.clear();
  for (const Uuid id : harness.dead()) harness.retry_dead(id);
  harness.add(1);
  harness.log.clear();
  pass(Millis{1'000});
  EXPECT_THAT(harness.log, ElementsAre("insert", "drop", "pin", "insert", "drop", "insert", "advance", "insert", "drop",
                                       "insert", "drop"));
  harness.expect_each_once();
}

TEST_F(Refusal, FailingLakeMakesFiveDeadLettersThenBacksOff) {
  harness.lake.refuses_everything = true;
  harness.add(50);
  for (int i = 0; i < 200; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.dead().size(), 5u);
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 5})) << "the other rows wait";
  EXPECT_THAT(harness.feeder->status().last_error, HasSubstr("refused 5 rows in a row"));
  EXPECT_THAT(harness.feeder->status().last_error, HasSubstr("the lake is broken"));
  const size_t inserts = harness.lake.batch_sizes.size();
  for (int i = 0; i < 30; ++i) pass(Millis{1'000});
  EXPECT_LE(harness.lake.batch_sizes.size(), inserts + 2) << "at most every fifteen seconds";

  harness.lake.refuses_everything = false;
  harness.run_until_caught_up();
  EXPECT_EQ(harness.feeder->status().last_error, "");
  for (const Uuid id : harness.dead()) harness.retry_dead(id);
  pass(Millis{1'000});
  harness.expect_each_once();
}

TEST_F(Refusal, ProbesRotateThroughRows) {
  const auto refused = add_refused(12);
  harness.add(3);
  harness.run_until_caught_up();
  EXPECT_EQ(harness.dead(), harness.lake.refused_ids);
  EXPECT_EQ(harness.lake.kept.size(), 3u);
  EXPECT_EQ(harness.lake.times_kept().size(), 3u);
}

TEST_F(Refusal, ProbesGoBeyondThePinnedRange) {
  add_refused(6);
  for (int i = 0; i < 10; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.dead().size(), 5u) << "the sixth refusal may be the lake's failure";
  harness.add(1);
  harness.run_until_caught_up();
  EXPECT_EQ(harness.dead().size(), 6u);
  EXPECT_EQ(harness.lake.kept.size(), 1u);
}

TEST_F(Refusal, RetriesWaitWhileTheLakeIsFailing) {
  const auto refused = add_refused(2);
  harness.run_until_caught_up();
  harness.lake.refuses_everything = true;
  harness.add(4);
  pass(Millis{1'000});
  ASSERT_EQ(harness.dead().size(), 5u) << "the first two, then three more";
  for (const Uuid id : refused) harness.retry_dead(id);
  harness.lake.refused_ids.clear();
  for (int i = 0; i < 50; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.deliveries(State::retry).size(), 2u);
  harness.lake.refuses_everything = false;
  for (int i = 0; i < 10; ++i) pass(Millis{10'000});
  EXPECT_TRUE(harness.deliveries(State::retry).empty());
  EXPECT_EQ(harness.lake.kept.size(), 3u);
}

TEST_F(Refusal, LakeThatFailsToReadMakesNoDeadLetters) {
  harness.add(3);
  harness.lake.insert_fault = FakeLake::Fault::partial;
  harness.lake.reads_refused = 8;
  harness.run_until_caught_up();
  EXPECT_TRUE(harness.dead().empty());
  harness.expect_each_once();

  const auto refused = add_refused(1);
  harness.run_until_caught_up();
  harness.retry_dead(refused[0]);
  harness.lake.reads_refused = 2;
  pass(Millis{1'000});
  EXPECT_TRUE(harness.dead().empty());
}

TEST_F(Refusal, SameRowCountsAgainAfterAnotherWasStored) {
  const auto refused = add_refused(1);
  harness.run_until_caught_up();
  harness.add(1);
  harness.run_until_caught_up();
  harness.retry_dead(refused[0]);
  pass(Millis{1'000});
  add_refused(5);
  for (int i = 0; i < 5; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.dead().size(), 5u) << "the first among them";
}

}  // namespace
}  // namespace vf::raw_log
