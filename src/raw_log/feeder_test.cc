// Feeder over the outbox in memory and a raw log that fails in every way a real one does. Oracle: the events that
// were committed, each to be in the log once. Scope: the feeder; engines have tests/conformance/raw_log.
#include "raw_log/feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "raw_log/fixture_test.h"

namespace vf::raw_log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct FeederTest : testing::Test {
  World world;
};

TEST_F(FeederTest, PinsBeforeItInsertsAndAdvancesAfter) {
  world.add(3);
  world.run_until_caught_up();
  EXPECT_THAT(world.log, ElementsAre("start", "pin", "insert", "advance"));
  world.expect_each_once();
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 3}));
  EXPECT_EQ(world.feeder->status().rows_inserted, 3);
}

TEST_F(FeederTest, BeginsAtTheEarliestEventAndKeepsThoseOfDryRunSources) {
  world.add(4);  // every second one is not fanned out
  world.run_until_caught_up();
  EXPECT_EQ(world.lake.kept.size(), 4u);
}

TEST_F(FeederTest, ABatchWaitsForItsLingerAndThenTakesWhatCameMeanwhile) {
  world.run_until_idle();
  world.add(1);
  EXPECT_EQ(world.run_until_idle(), Millis{1'000});
  world.clock.advance(Millis{999});
  world.add(1);
  EXPECT_EQ(world.run_until_idle(), Millis{1});
  EXPECT_TRUE(world.lake.kept.empty());
  world.clock.advance(Millis{1});
  world.run_until_idle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(2));
}

TEST_F(FeederTest, ABacklogDoesNotLinger) {
  world.add(5);
  world.clock.advance(Millis{1'000});
  world.run_until_idle();
  EXPECT_EQ(world.lake.kept.size(), 5u);
}

TEST_F(FeederTest, LingersNoLongerThanItsSpanWhenTheClockStepsBack) {
  world.run_until_idle();
  world.add(1);
  world.clock.jump(-Millis{3'600'000});
  EXPECT_EQ(world.run_until_idle(), Millis{1'000});
}

TEST_F(FeederTest, CutsAtTheLimitOfRows) {
  world.params.rows_max = 10;
  world.start_feeder();
  world.add(10);
  world.run_until_idle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10)) << "a full batch does not linger";
  world.add(11);
  world.run_until_idle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10, 10));
  world.run_until_caught_up();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10, 10, 1));
}

TEST_F(FeederTest, CutsAtTheLimitOfBytesBehindTheEventThatCrossesIt) {
  world.params.bytes_max = 1'000;
  world.start_feeder();
  world.add(3, "kick", 333);
  EXPECT_EQ(world.run_until_idle(), Millis{1'000}) << "999 bytes: not full";
  world.add(2, "kick", 1);
  world.clock.advance(Millis{1'000});
  world.run_until_idle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(4, 1));
  world.add(1, "kick", 5'000);
  world.run_until_caught_up();
  world.expect_each_once();
}

TEST_F(FeederTest, HurriedItDoesNotLinger) {
  world.run_until_idle();
  world.add(2);
  world.feeder->hurry();
  world.run_until_idle();
  EXPECT_EQ(world.lake.kept.size(), 2u);
  EXPECT_TRUE(world.feeder->is_caught_up());
}

TEST_F(FeederTest, FilesEventsUnderTheirClass) {
  world.params.retention.by_source["sumsub"] = std::chrono::days{90};
  world.start_feeder();
  world.add(1, "kick");
  world.add(1, "sumsub");
  world.run_until_caught_up();
  EXPECT_EQ(world.lake.kept[0].retention_class, "default");
  EXPECT_EQ(world.lake.kept[1].retention_class, "sumsub");
}

TEST_F(FeederTest, AfterAnUnknownOutcomeItSettlesAndInsertsOnlyWhatIsMissing) {
  using Fault = FakeLake::Fault;
  for (const Fault fault : {Fault::refused, Fault::partial, Fault::unanswered, Fault::still_running}) {
    World w;
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

TEST_F(FeederTest, ARepairThatInsertsOtherRowsHasAnotherToken) {
  world.add(10);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.run_until_caught_up();
  ASSERT_EQ(world.lake.tokens.size(), 2u);
  EXPECT_NE(world.lake.tokens[0], world.lake.tokens[1]);
  EXPECT_EQ(world.lake.tokens[0].size(), 64u);
}

TEST_F(FeederTest, AWholeRepeatHasTheSameToken) {
  world.add(10);
  world.lake.insert_fault = FakeLake::Fault::refused;
  world.run_until_caught_up();
  ASSERT_EQ(world.lake.tokens.size(), 2u);
  EXPECT_EQ(world.lake.tokens[0], world.lake.tokens[1]);
}

TEST_F(FeederTest, APinFromALargerLimitIsMendedInPieces) {
  world.add(25);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.clock.advance(Millis{1'000});
  world.run_until_idle();
  world.params.rows_max = 10;
  world.crash(false);
  world.run_until_caught_up();
  world.expect_each_once();
  EXPECT_EQ(world.feeder->status().repairs, 3);
}

TEST_F(FeederTest, AnEmptyPinnedRangeIsPassed) {
  world.add(2);
  world.run_until_idle();
  PinBatch pin{kConsumer, {}, {0, 0, 2}, 2, "digest"};
  ASSERT_TRUE(world.commit(pin));
  ASSERT_TRUE(world.commit(store::RetentionStep{Instant::max(), {}, {}, 10}));
  world.crash(false);
  world.run_until_idle();
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 2}));
}

TEST_F(FeederTest, ACursorBehindAPurgedOutboxIsToldOnceAndTheRestGoesOn) {
  world.add(1);
  world.run_until_caught_up();
  world.add(3);
  const store::Write purge = store::RetentionStep{world.clock.now() + Millis{1}, {}, {}, 10};
  ASSERT_TRUE(world.outbox.write({&purge, 1}, world.clock.now(), nullptr));
  world.start_feeder();
  world.add(1);
  world.run_until_caught_up();
  EXPECT_THAT(world.feeder->status().alarm, HasSubstr("3 unknown events missed"));
  EXPECT_EQ(world.outbox.audit(10)->size(), 1u);
  EXPECT_EQ(world.lake.kept.size(), 2u);
  world.start_feeder();
  world.run_until_caught_up();
  EXPECT_EQ(world.feeder->status().alarm, "");
  EXPECT_EQ(world.outbox.audit(10)->size(), 1u);
}

TEST_F(FeederTest, BacksOffWithJitterAndSaysWhy) {
  world.add(1);
  world.clock.advance(Millis{1'000});
  Millis longest{250};
  for (int failures = 1; failures <= 12; ++failures) {
    world.lake.insert_fault = FakeLake::Fault::refused;
    const Millis wait = world.run_until_idle();
    EXPECT_EQ(world.feeder->status().failures, failures);
    EXPECT_THAT(world.feeder->status().last_error, HasSubstr("the lake is away"));
    EXPECT_LE(wait, std::min(longest, Millis{5'000}));
    EXPECT_GE(wait, std::min(longest / 2, Millis{5'000}));
    world.clock.advance(Millis{30'000});
    longest = std::min(longest * 2, Millis{30'000});
  }
  world.run_until_idle();
  EXPECT_EQ(world.feeder->status().failures, 0);
  EXPECT_EQ(world.feeder->status().last_error, "");
}

TEST_F(FeederTest, ShowsTheBacklogWhileTheLakeIsAway) {
  world.add(7);
  world.clock.advance(Millis{1'000});
  for (int i = 0; i < 5; ++i) {
    world.lake.insert_fault = FakeLake::Fault::refused;
    world.run_until_idle();
    world.clock.advance(Millis{5'000});
  }
  EXPECT_EQ(world.feeder->status().backlog.rows, 7);
  EXPECT_EQ(world.feeder->status().backlog.oldest, kStart);
  world.run_until_caught_up();
  EXPECT_EQ(world.feeder->status().backlog.rows, 0);
}

TEST_F(FeederTest, ACursorThatSomebodyMovedIsFoundAgain) {
  world.add(5);
  world.clock.advance(Millis{1'000});
  while (world.lake.kept.empty()) {
    if (!world.queue.empty()) world.answer_write();
    world.feeder->step();
  }
  ASSERT_TRUE(world.commit(store::MoveCursor{kConsumer, {0, 0, 5}, "by hand"}));
  world.add(1);
  world.run_until_caught_up();
  world.expect_each_once();
}

TEST_F(FeederTest, ACursorMovedBackByHandDoublesNothing) {
  world.params.rows_max = 4;
  world.start_feeder();
  world.add(10);
  world.run_until_caught_up();
  ASSERT_TRUE(world.commit(store::MoveCursor{kConsumer, {0, 0, 3}, "by hand"}));
  world.feeder->step();
  EXPECT_FALSE(world.feeder->is_caught_up()) << "met at the next look, without a new event";
  world.add(3);
  world.run_until_caught_up();
  world.expect_each_once();
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 13}));
}

TEST_F(FeederTest, ACursorMovedToWhereItStandsDropsThePinAndDoublesNothing) {
  world.run_until_caught_up();
  world.add(4);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.clock.advance(Millis{1'000});
  world.run_until_idle();
  ASSERT_EQ(world.lake.kept.size(), 2u);
  ASSERT_TRUE(world.commit(store::MoveCursor{kConsumer, {}, "by hand"}));
  world.run_until_caught_up();
  world.expect_each_once();
}

TEST_F(FeederTest, ACursorMovedBackWhileItWasAwayDoublesNothing) {
  world.params.rows_max = 4;
  world.start_feeder();
  world.add(10);
  world.run_until_caught_up();
  world.feeder.reset();
  ASSERT_TRUE(world.commit(store::MoveCursor{kConsumer, {}, "by hand"}));
  world.start_feeder();
  world.run_until_caught_up();
  world.expect_each_once();
  const size_t inserts = world.lake.batch_sizes.size();
  world.lake.reads_fail = true;
  world.add(2);
  world.run_until_caught_up();
  EXPECT_TRUE(world.lake.reads_fail) << "new rows cannot be in the log: it is not asked";
  EXPECT_EQ(world.lake.batch_sizes.size(), inserts + 1);
}

TEST_F(FeederTest, ACompletionAfterItsEndIsIgnored) {
  world.feeder->step();
  ASSERT_EQ(world.queue.size(), 1u);
  auto late = std::move(world.queue.front().done);
  world.feeder.reset();
  late(WriteResult{store::Written{}});
}

// Crashes at any step, with or without the waiting write committed; every fault of lake and store.
void misbehave(World& world, Random& chance) {
  using Answer = World::Answer;
  using Fault = FakeLake::Fault;
  switch (chance.below(16)) {
    case 0:
      world.add(static_cast<int>(chance.below(8)));
      break;
    case 1:
      world.crash(chance.below(2) == 0);
      break;
    case 2:
      world.lake.insert_fault = static_cast<Fault>(chance.below(5));
      break;
    case 3:
      world.lake.reads_fail = chance.below(2) == 0;
      break;
    case 4:
      world.lake.abort_waits_for_end = chance.below(2) == 0;
      break;
    case 5:
      world.clock.advance(Millis{static_cast<int64_t>(chance.below(3'000))});
      break;
    case 6:
      if (!world.queue.empty()) world.answer_write(static_cast<Answer>(chance.below(3)));
      break;
    case 7:
      world.params.rows_max = 1 + chance.below(20);
      break;  // in force after the next crash
    case 8:
      for (const Uuid id : world.add(static_cast<int>(chance.below(3)))) world.lake.refused_ids.insert(id);
      break;
    case 9:
      world.lake.refuses_everything = chance.below(4) == 0;
      world.lake.refusal_keeps_rows_before = chance.below(2) == 0;
      break;
    case 10:
      for (const Uuid id : world.dead()) {
        if (chance.below(2) == 0) world.retry_dead(id);
      }
      break;
    case 11:
      if (chance.below(4) == 0) world.move_cursor_back(chance);
      break;
    default:
      if (world.queue.empty()) {
        world.feeder->step();
      } else {
        world.answer_write();
      }
  }
}

RC_GTEST_PROP(FeederProperty, EveryEventIsInTheLogOnceOrPutAsideForItsOwnFault, (uint64_t seed)) {
  World world;
  SeededRandom chance(seed);
  const int steps = 50 + static_cast<int>(chance.below(300));
  for (int i = 0; i < steps; ++i) misbehave(world, chance);
  world.lake.insert_fault = FakeLake::Fault::none;
  world.lake.reads_fail = world.lake.refuses_everything = false;
  world.run_until_idle();
  for (const Uuid id : world.dead()) world.retry_dead(id);
  for (int round = 0; round < 300; ++round) {
    if (round % 4 == 0) world.add(1);  // the lake's trouble ends with a row that it takes
    world.clock.advance(Millis{30'000});
    world.run_until_idle();
  }
  world.lake.end_running(true);  // nothing may still be under way that nobody waited for
  std::set<Uuid> aside = world.dead();
  for (const auto& row : world.exceptions(PutDelivery::State::retry)) aside.insert(row.event_id);
  RC_ASSERT(aside == world.lake.refused_ids);
  RC_ASSERT(world.lake.kept.size() + aside.size() == static_cast<size_t>(world.added));
  RC_ASSERT(world.lake.times_kept().size() == world.lake.kept.size());
}

}  // namespace
}  // namespace vf::raw_log
