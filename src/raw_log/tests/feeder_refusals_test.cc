// Rows that the lake never takes, and a lake that takes no row. Oracle: the rows in the log, the rows among the
// deliveries of "raw-log", the order of writes. Scope: the feeder's use of the retry rule; the rule has tests of its
// own, and random histories are in feeder_test.cc.
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
  // Lets other rows flow: one every ten seconds.
  void flow(int rows) {
    for (int i = 0; i < rows; ++i) {
      harness.add(1);
      for (int second = 0; second < 10; ++second) pass(Millis{1'000});
    }
  }

  FeederHarness harness;
};

TEST_F(Refusal, HalvesTheBatchUntilTheRefusedRowIsAlone) {
  harness.add(5);
  const auto refused = add_refused(1);
  harness.add(2);
  pass(Millis{1'000});
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(8, 4, 4, 2, 1, 1, 1, 1));
  EXPECT_EQ(harness.lake.kept.size(), 7u) << "the rows behind it do not wait for it";
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 5}));
  EXPECT_TRUE(harness.deliveries(State::retry).empty()) << "no other row has shown that the lake is healthy";
}

TEST_F(Refusal, RowWaitsInTheStoreOnceTheLakeHasProvedHealthy) {
  const auto refused = add_refused(1);
  pass(Millis{1'000});
  flow(2);
  const auto waiting = harness.deliveries(State::retry);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].event_id, refused[0]);
  EXPECT_EQ(waiting[0].position, (Position{0, 0, 1}));
  EXPECT_TRUE(waiting[0].first_failed_at.has_value());
  EXPECT_THAT(waiting[0].reason, HasSubstr("cannot store a row"));
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 3})) << "the cursor has passed it";
  EXPECT_EQ(harness.feeder->status().waiting, 1u);
  EXPECT_EQ(harness.lake.times_kept().size(), 2u);
}

TEST_F(Refusal, RowThatIsNeverTakenIsADeadLetterWhileOthersFlow) {
  harness.params.retry.attempts = 10;
  harness.start_feeder();
  harness.run_until_caught_up();
  const auto refused = add_refused(1);
  flow(400);
  const auto dead = harness.deliveries(State::dead);
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].event_id, refused[0]);
  EXPECT_GE(dead[0].attempts, 10) << "more, because half an hour must have passed";
  EXPECT_EQ(harness.feeder->status().dead, 1);
  EXPECT_EQ(harness.lake.kept.size(), 400u);
  EXPECT_EQ(harness.lake.times_kept().size(), 400u);
}

TEST_F(Refusal, LakeThatTakesNothingMakesNoRow) {
  harness.lake.refuses_everything = true;
  harness.add(50);
  for (int i = 0; i < 200; ++i) pass(Millis{10'000});
  EXPECT_TRUE(harness.deliveries(State::retry).empty());
  EXPECT_TRUE(harness.dead().empty());
  EXPECT_THAT(harness.feeder->status().last_error, HasSubstr("the lake is broken"));
  const size_t inserts = harness.lake.batch_sizes.size();
  for (int i = 0; i < 60; ++i) pass(Millis{1'000});
  EXPECT_LE(harness.lake.batch_sizes.size(), inserts + 20);

  harness.lake.refuses_everything = false;
  harness.run_until_caught_up();
  EXPECT_EQ(harness.feeder->status().last_error, "");
  harness.expect_each_once();
}

TEST_F(Refusal, RowsThatABrokenLakeRefusedDoNotWaitForTheFaultyOne) {
  const auto refused = add_refused(1);
  harness.add(5);
  harness.lake.refuses_everything = true;
  for (int i = 0; i < 20; ++i) pass(Millis{10'000});
  harness.lake.refuses_everything = false;
  for (int i = 0; i < 100; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.lake.kept.size(), 5u) << "although no other row comes";
  EXPECT_EQ(harness.lake.times_kept().size(), 5u);
}

TEST_F(Refusal, RowsStoredBeforeTheRefusedOneAreNotRepeated) {
  harness.lake.refusal_keeps_rows_before = true;
  harness.add(6);
  add_refused(1);
  harness.add(6);
  pass(Millis{1'000});
  flow(2);
  EXPECT_EQ(harness.lake.kept.size(), 14u);
  EXPECT_EQ(harness.lake.times_kept().size(), 14u);
}

// Crashes before and after every write in turn, while three refused rows are isolated.
TEST_F(Refusal, CrashAtAnyWriteSkipsAndRepeatsNothing) {
  for (int crash_at = 0; crash_at < 40; ++crash_at) {
    FeederHarness w;
    w.run_until_caught_up();
    w.lake.refusal_keeps_rows_before = crash_at % 4 < 2;
    const auto ids = w.add(9);
    w.lake.refused_ids = {ids[0], ids[4], ids[8]};
    for (int writes = 0, second = 0; writes < crash_at / 2 && second < 100;) {
      if (second % 10 == 0) w.add(1);
      w.feeder->step();
      if (w.queue.empty()) {
        w.clock.advance(Millis{1'000});
        ++second;
      } else {
        w.answer_write();
        ++writes;
      }
    }
    for (int i = 0; i < 20 && w.queue.empty(); ++i) w.feeder->step();
    w.crash(crash_at % 2 == 1);
    for (int second = 0; second < 300; ++second) {
      if (second % 10 == 0) w.add(1);
      w.run_until_idle();
      w.clock.advance(Millis{1'000});
    }
    w.run_until_idle();
    const auto rows = static_cast<size_t>(w.added);
    EXPECT_EQ(w.lake.kept.size(), rows - 3) << crash_at;
    EXPECT_EQ(w.lake.times_kept().size(), rows - 3) << crash_at;
    EXPECT_EQ(w.deliveries(State::retry).size(), 3u) << crash_at;
  }
}

TEST_F(Refusal, CountOfAttemptsSurvivesARestart) {
  add_refused(1);
  flow(6);
  const auto before = harness.deliveries(State::retry).at(0);
  EXPECT_GT(before.attempts, 0);
  harness.crash(false);
  flow(6);
  EXPECT_GT(harness.deliveries(State::retry).at(0).attempts, before.attempts);
  EXPECT_EQ(harness.deliveries(State::retry).at(0).first_failed_at, before.first_failed_at);
}

TEST_F(Refusal, RowThatIsTakenAtLastIsStoredOnceAndDropped) {
  const auto refused = add_refused(1);
  flow(3);
  ASSERT_EQ(harness.deliveries(State::retry).size(), 1u);
  harness.lake.refused_ids.clear();
  flow(6);
  harness.expect_each_once();
  EXPECT_TRUE(harness.outbox.deliveries_of(refused[0])->empty());
}

struct DeadRow : Refusal {
  DeadRow() {
    const auto ids = add_refused(1);
    id = ids[0];
    flow(3);
    auto row = harness.deliveries(State::retry).at(0);
    row.state = State::dead;
    EXPECT_TRUE(harness.commit(row));
    flow(6);  // the feeder notes it before its next attempt
  }
  Uuid id;
};

TEST_F(DeadRow, IsNotTriedAgain) {
  const size_t inserts = harness.lake.batch_sizes.size();
  for (int i = 0; i < 100; ++i) pass(Millis{10'000});
  EXPECT_EQ(harness.lake.batch_sizes.size(), inserts);
  EXPECT_THAT(harness.dead(), ElementsAre(id));
}

TEST_F(DeadRow, IsStoredOnceAndDroppedWhenAnOperatorRetriesIt) {
  harness.lake.refused_ids.clear();
  harness.retry_dead(id);
  pass(Millis{1'000});
  harness.expect_each_once();
  EXPECT_TRUE(harness.outbox.deliveries_of(id)->empty());
}

TEST_F(DeadRow, RetryWithUnknownOutcomeIsLookedUpBeforeTheNext) {
  harness.lake.refused_ids.clear();
  harness.retry_dead(id);
  harness.lake.insert_fault = FakeLake::Fault::still_running;
  for (int i = 0; i < 20; ++i) pass(Millis{1'000});
  harness.expect_each_once();
  EXPECT_TRUE(harness.outbox.deliveries_of(id)->empty());
}

TEST_F(DeadRow, WaitsAgainFromZeroWhenItsRetryFails) {
  harness.retry_dead(id);
  pass(Millis{1'000});
  ASSERT_EQ(harness.deliveries(State::retry).size(), 1u);
  EXPECT_EQ(harness.deliveries(State::retry)[0].attempts, 0);
  EXPECT_TRUE(harness.deliveries(State::retry)[0].first_failed_at.has_value());
}

TEST_F(Refusal, LakeThatFailsToReadMakesNoRow) {
  harness.add(3);
  harness.lake.insert_fault = FakeLake::Fault::partial;
  harness.lake.reads_refused = 8;
  harness.run_until_caught_up();
  EXPECT_TRUE(harness.dead().empty());
  EXPECT_TRUE(harness.deliveries(State::retry).empty());
  harness.expect_each_once();
}

}  // namespace
}  // namespace vf::raw_log
