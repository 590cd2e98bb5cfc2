// Feeder over the outbox in memory and a lake that fails in every way a real one does. Oracle: the events that were
// committed, each to be in the log once. Scope: the feeder; engines have tests/conformance/raw_log.
#include "raw_log/feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct FeederTest : testing::Test {
  FeederHarness harness;
};

TEST_F(FeederTest, PinsBeforeItInsertsAndAdvancesAfter) {
  harness.add(3);
  harness.run_until_caught_up();
  EXPECT_THAT(harness.log, ElementsAre("start", "pin", "insert", "advance"));
  harness.expect_each_once();
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 3}));
  EXPECT_EQ(harness.feeder->status().rows_inserted, 3);
}

TEST_F(FeederTest, StartsAtTheEarliestEventAndIncludesDryRunSources) {
  harness.add(4);  // every second event is not fanned out
  harness.run_until_caught_up();
  EXPECT_EQ(harness.lake.kept.size(), 4u);
}

TEST_F(FeederTest, BatchLingersAndTakesEventsThatArriveMeanwhile) {
  harness.run_until_idle();
  harness.add(1);
  EXPECT_EQ(harness.run_until_idle(), Millis{1'000});
  harness.clock.advance(Millis{999});
  harness.add(1);
  EXPECT_EQ(harness.run_until_idle(), Millis{1});
  EXPECT_TRUE(harness.lake.kept.empty());
  harness.clock.advance(Millis{1});
  harness.run_until_idle();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(2));
}

TEST_F(FeederTest, BacklogDoesNotLinger) {
  harness.add(5);
  harness.clock.advance(Millis{1'000});
  harness.run_until_idle();
  EXPECT_EQ(harness.lake.kept.size(), 5u);
}

TEST_F(FeederTest, LingerIsBoundedWhenTheClockStepsBack) {
  harness.run_until_idle();
  harness.add(1);
  harness.clock.jump(-Millis{3'600'000});
  EXPECT_EQ(harness.run_until_idle(), Millis{1'000});
}

TEST_F(FeederTest, BatchEndsAtTheRowLimit) {
  harness.params.batch.rows_max = 10;
  harness.start_feeder();
  harness.add(10);
  harness.run_until_idle();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(10)) << "a full batch does not linger";
  harness.add(11);
  harness.run_until_idle();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(10, 10));
  harness.run_until_caught_up();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(10, 10, 1));
}

TEST_F(FeederTest, BatchEndsBehindTheEventThatCrossesTheByteLimit) {
  harness.params.batch.bytes_max = 1'000;
  harness.start_feeder();
  harness.add(3, "kick", 333);
  EXPECT_EQ(harness.run_until_idle(), Millis{1'000}) << "999 bytes: not full";
  harness.add(2, "kick", 1);
  harness.clock.advance(Millis{1'000});
  harness.run_until_idle();
  EXPECT_THAT(harness.lake.batch_sizes, ElementsAre(4, 1));
  harness.add(1, "kick", 5'000);
  harness.run_until_caught_up();
  harness.expect_each_once();
}

TEST_F(FeederTest, DoesNotLingerWhenHurried) {
  harness.run_until_idle();
  harness.add(2);
  harness.feeder->hurry();
  harness.run_until_idle();
  EXPECT_EQ(harness.lake.kept.size(), 2u);
  EXPECT_TRUE(harness.feeder->is_caught_up());
}

TEST_F(FeederTest, FilesEventsUnderTheirRetentionClass) {
  harness.params.retention.by_source["sumsub"] = std::chrono::days{90};
  harness.start_feeder();
  harness.add(1, "kick");
  harness.add(1, "sumsub");
  harness.run_until_caught_up();
  EXPECT_EQ(harness.lake.kept[0].retention_class, "default");
  EXPECT_EQ(harness.lake.kept[1].retention_class, "sumsub");
}

TEST_F(FeederTest, AfterAnUnknownOutcomeInsertsOnlyMissingRows) {
  using Fault = FakeLake::Fault;
  for (const Fault fault : {Fault::refused, Fault::partial, Fault::unanswered, Fault::still_running}) {
    FeederHarness w;
    w.run_until_caught_up();
    w.add(10);
    w.lake.insert_fault = fault;
    w.run_until_caught_up();
    w.expect_each_once();
    EXPECT_EQ(w.lake.aborted, 1);
    EXPECT_EQ(w.feeder->status().repairs, 1);
    EXPECT_EQ(w.feeder->status().failures, 0);
  }
}

TEST_F(FeederTest, RepairWithOtherRowsHasAnotherToken) {
  harness.add(10);
  harness.lake.insert_fault = FakeLake::Fault::partial;
  harness.run_until_caught_up();
  ASSERT_EQ(harness.lake.tokens.size(), 2u);
  EXPECT_NE(harness.lake.tokens[0], harness.lake.tokens[1]);
  EXPECT_EQ(harness.lake.tokens[0].size(), 64u);
}

TEST_F(FeederTest, RepeatOfTheWholeBatchHasTheSameToken) {
  harness.add(10);
  harness.lake.insert_fault = FakeLake::Fault::refused;
  harness.run_until_caught_up();
  ASSERT_EQ(harness.lake.tokens.size(), 2u);
  EXPECT_EQ(harness.lake.tokens[0], harness.lake.tokens[1]);
}

TEST_F(FeederTest, PinFromALargerLimitIsRepairedInPieces) {
  harness.add(25);
  harness.lake.insert_fault = FakeLake::Fault::partial;
  harness.clock.advance(Millis{1'000});
  harness.run_until_idle();
  harness.params.batch.rows_max = 10;
  harness.crash(false);
  harness.run_until_caught_up();
  harness.expect_each_once();
  EXPECT_EQ(harness.feeder->status().repairs, 3);
}

TEST_F(FeederTest, CursorPassesAPinnedRangeThatIsEmpty) {
  harness.add(2);
  harness.run_until_idle();
  PinBatch pin{kConsumer, {}, {0, 0, 2}, 2, "digest"};
  ASSERT_TRUE(harness.commit(pin));
  ASSERT_TRUE(harness.commit(store::RetentionStep{Instant::max(), {}, {}, 10}));
  harness.crash(false);
  harness.run_until_idle();
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 2}));
}

TEST_F(FeederTest, PurgedEventsRaiseOneAlarmAndTheRestIsCopied) {
  harness.add(1);
  harness.run_until_caught_up();
  harness.add(3);
  const store::Write purge = store::RetentionStep{harness.clock.now() + Millis{1}, {}, {}, 10};
  ASSERT_TRUE(harness.outbox.write({&purge, 1}, harness.clock.now(), nullptr));
  harness.start_feeder();
  harness.add(1);
  harness.run_until_caught_up();
  EXPECT_THAT(harness.feeder->status().alarm, HasSubstr("3 unknown events missed"));
  EXPECT_EQ(harness.outbox.audit({})->size(), 1u);
  EXPECT_EQ(harness.lake.kept.size(), 2u);
  harness.start_feeder();
  harness.run_until_caught_up();
  EXPECT_EQ(harness.feeder->status().alarm, "");
  EXPECT_EQ(harness.outbox.audit({})->size(), 1u);
}

TEST_F(FeederTest, BacksOffWithJitterAndReportsTheError) {
  harness.add(1);
  harness.clock.advance(Millis{1'000});
  Millis longest{250};
  for (int failures = 1; failures <= 12; ++failures) {
    harness.lake.insert_fault = FakeLake::Fault::refused;
    const Millis wait = harness.run_until_idle();
    EXPECT_EQ(harness.feeder->status().failures, failures);
    EXPECT_THAT(harness.feeder->status().last_error, HasSubstr("the lake is away"));
    EXPECT_LE(wait, std::min(longest, Millis{1'000}));
    harness.clock.advance(Millis{30'000});
    longest = std::min(longest * 2, Millis{30'000});
  }
  harness.run_until_idle();
  EXPECT_EQ(harness.feeder->status().failures, 0);
  EXPECT_EQ(harness.feeder->status().last_error, "");
}

TEST_F(FeederTest, ShowsTheBacklogWhileTheLakeIsAway) {
  harness.add(7);
  harness.clock.advance(Millis{1'000});
  for (int i = 0; i < 5; ++i) {
    harness.lake.insert_fault = FakeLake::Fault::refused;
    harness.run_until_idle();
    harness.clock.advance(Millis{5'000});
  }
  EXPECT_EQ(harness.feeder->status().backlog.rows, 7);
  EXPECT_EQ(harness.feeder->status().backlog.oldest, kStart);
  harness.run_until_caught_up();
  EXPECT_EQ(harness.feeder->status().backlog.rows, 0);
}

TEST_F(FeederTest, CursorMovedDuringAnInsertIsReadAgain) {
  harness.add(5);
  harness.clock.advance(Millis{1'000});
  while (harness.lake.kept.empty()) {
    if (!harness.queue.empty()) harness.answer_write();
    harness.feeder->step();
  }
  ASSERT_TRUE(harness.commit(store::MoveCursor{kConsumer, {0, 0, 5}, "by hand"}));
  harness.add(1);
  harness.run_until_caught_up();
  harness.expect_each_once();
}

TEST_F(FeederTest, CursorMovedBackRepeatsNothing) {
  harness.params.batch.rows_max = 4;
  harness.start_feeder();
  harness.add(10);
  harness.run_until_caught_up();
  ASSERT_TRUE(harness.commit(store::MoveCursor{kConsumer, {0, 0, 3}, "by hand"}));
  harness.feeder->step();
  EXPECT_FALSE(harness.feeder->is_caught_up()) << "found at the next poll, without a new event";
  harness.add(3);
  harness.run_until_caught_up();
  harness.expect_each_once();
  EXPECT_EQ(harness.feeder->status().cursor, (Position{0, 0, 13}));
}

TEST_F(FeederTest, CursorMovedToItsOwnPlaceRepeatsNothing) {
  harness.run_until_caught_up();
  harness.add(4);
  harness.lake.insert_fault = FakeLake::Fault::partial;
  harness.clock.advance(Millis{1'000});
  harness.run_until_idle();
  ASSERT_EQ(harness.lake.kept.size(), 2u);
  ASSERT_TRUE(harness.commit(store::MoveCursor{kConsumer, {}, "by hand"}));
  harness.run_until_caught_up();
  harness.expect_each_once();
}

TEST_F(FeederTest, CursorMovedBackWhileTheFeederWasAwayRepeatsNothing) {
  harness.params.batch.rows_max = 4;
  harness.start_feeder();
  harness.add(10);
  harness.run_until_caught_up();
  harness.feeder.reset();
  ASSERT_TRUE(harness.commit(store::MoveCursor{kConsumer, {}, "by hand"}));
  harness.start_feeder();
  harness.run_until_caught_up();
  harness.expect_each_once();
  const size_t inserts = harness.lake.batch_sizes.size();
  harness.lake.reads_fail = true;
  harness.add(2);
  harness.run_until_caught_up();
  EXPECT_TRUE(harness.lake.reads_fail) << "new rows cannot be in the log: there is no look-up";
  EXPECT_EQ(harness.lake.batch_sizes.size(), inserts + 1);
}

TEST_F(FeederTest, CompletionAfterItsEndIsIgnored) {
  harness.feeder->step();
  ASSERT_EQ(harness.queue.size(), 1u);
  auto late = std::move(harness.queue.front().done);
  harness.feeder.reset();
  late(WriteResult{store::Written{}});
}

// Does one random thing: a step, a crash with or without the queued writes committed, a fault of lake or store.
void misbehave(FeederHarness& harness, Random& chance) {
  using Answer = FeederHarness::Answer;
  using Fault = FakeLake::Fault;
  switch (chance.below(16)) {
    case 0:
      harness.add(static_cast<int>(chance.below(8)));
      break;
    case 1:
      harness.crash(chance.below(2) == 0);
      break;
    case 2:
      harness.lake.insert_fault = static_cast<Fault>(chance.below(5));
      break;
    case 3:
      harness.lake.reads_fail = chance.below(2) == 0;
      break;
    case 4:
      harness.lake.abort_waits_for_end = chance.below(2) == 0;
      break;
    case 5:
      harness.clock.advance(Millis{static_cast<int64_t>(chance.below(3'000))});
      break;
    case 6:
      if (!harness.queue.empty()) harness.answer_write(static_cast<Answer>(chance.below(3)));
      break;
    case 7:
      harness.params.batch.rows_max = 1 + chance.below(20);
      break;  // applies after the next crash
    case 8:
      for (const Uuid id : harness.add(static_cast<int>(chance.below(3)))) harness.lake.refused_ids.insert(id);
      break;
    case 9:
      harness.lake.refuses_everything = chance.below(4) == 0;
      harness.lake.refusal_keeps_rows_before = chance.below(2) == 0;
      break;
    case 10:
      for (const Uuid id : harness.dead()) {
        if (chance.below(2) == 0) harness.retry_dead(id);
      }
      break;
    case 11:
      if (chance.below(4) == 0) harness.move_cursor_back(chance);
      break;
    default:
      if (harness.queue.empty()) {
        harness.feeder->step();
      } else {
        harness.answer_write();
      }
  }
}

RC_GTEST_PROP(FeederProperty, EveryEventIsInTheLogOnceOrADeadLetter, (uint64_t seed)) {
  FeederHarness harness;
  SeededRandom chance(seed);
  const int steps = 50 + static_cast<int>(chance.below(300));
  for (int i = 0; i < steps; ++i) misbehave(harness, chance);
  harness.lake.insert_fault = FakeLake::Fault::none;
  harness.lake.reads_fail = harness.lake.refuses_everything = false;
  harness.run_until_idle();
  for (const Uuid id : harness.dead()) harness.retry_dead(id);
  for (int round = 0; round < 300; ++round) {
    if (round % 4 == 0) harness.add(1);  // a lake counts as failing until it stores a row
    harness.clock.advance(Millis{30'000});
    harness.run_until_idle();
  }
  harness.lake.end_running(true);  // an insert that still ran would show as a repeated row
  std::set<Uuid> left_out = harness.dead();
  for (const auto& row : harness.deliveries(PutDelivery::State::retry)) left_out.insert(row.event_id);
  RC_ASSERT(left_out == harness.lake.refused_ids);
  RC_ASSERT(harness.lake.kept.size() + left_out.size() == static_cast<size_t>(harness.added));
  RC_ASSERT(harness.lake.times_kept().size() == harness.lake.kept.size());
}

}  // namespace
}  // namespace vf::raw_log
