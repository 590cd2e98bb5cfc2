// The proof that outbox and raw log hold the same, and that what it finds missing comes back through the feeder.
// Doubles: the outbox in memory, a raw log that the test tampers with. Oracle: what the test tampered with.
#include "raw_log/reconciliation.h"

#include <gmock/gmock.h>

#include "raw_log/fixture_test.h"

namespace vf::raw_log {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const auto kNeverStop = [] { return false; };
const Instant kBegin = from_unix_millis(0);
const Instant kEver = from_unix_millis(4'000'000'000'000);

struct ReconciliationTest : testing::Test {
  // Four hours of two sources, all in the log.
  ReconciliationTest() {
    for (int hour = 0; hour < 4; ++hour) {
      world.add(20, "kick");
      world.add(5, "sumsub");
      world.clock.advance(std::chrono::hours{1});
    }
    world.run_until_caught_up();
  }
  Reconciliation proof(ReconciliationRange range = {kBegin, kEver}) {
    auto found = reconcile({world.outbox, world.lake}, range, kNeverStop);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Reconciliation{};
  }
  ReconciledHour the_line_that_differs() {
    const Reconciliation found = proof();
    std::vector<ReconciledHour> differing;
    for (const auto& line : found.lines) {
      if (line.difference() != 0 || line.put_aside != 0) differing.push_back(line);
    }
    EXPECT_THAT(differing, SizeIs(1));
    return differing.empty() ? ReconciledHour{} : differing[0];
  }
  Event lose(size_t index) {
    Event event = world.lake.kept[index].event;
    world.lake.kept.erase(world.lake.kept.begin() + static_cast<std::ptrdiff_t>(index));
    return event;
  }
  void repair() {
    for (const auto& write : repairs(proof(), world.clock.now())) ASSERT_TRUE(world.commit(write));
    world.clock.advance(std::chrono::seconds{5});
    world.run_until_caught_up();
    world.run_until_idle();
  }

  World world;
};

TEST_F(ReconciliationTest, EqualStoresAreProvedByCountsAlone) {
  const Reconciliation found = proof();
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(8));
  for (const auto& line : found.lines) {
    EXPECT_EQ(line.outbox, line.source == "kick" ? 20 : 5);
    EXPECT_EQ(line.lake, line.outbox);
  }
  EXPECT_THAT(repairs(found, kStart), IsEmpty());
  EXPECT_EQ(found.rows_read, 100);
}

TEST_F(ReconciliationTest, ALostRowIsFoundAndComesBackOnce) {
  const Event lost = lose(7);
  const auto line = the_line_that_differs();
  EXPECT_EQ(line.source, lost.source);
  EXPECT_EQ(line.hour, std::chrono::floor<std::chrono::hours>(lost.received));
  EXPECT_EQ(line.missing, 1);
  EXPECT_EQ(line.difference(), 1);
  repair();
  EXPECT_EQ(proof().difference(), 0);
  world.expect_each_once();
}

TEST_F(ReconciliationTest, AnExchangedRowIsFoundThoughTheCountsAreEqual) {
  lose(3);
  Event strange = world.lake.kept[3].event;
  strange.id.bytes[15] ^= 0xff;
  world.lake.kept.push_back({strange, "default"});
  const auto line = the_line_that_differs();
  EXPECT_EQ(line.outbox, line.lake);
  EXPECT_EQ(line.missing, 1);
  EXPECT_EQ(line.unknown, 1);
}

TEST_F(ReconciliationTest, ARepeatedRowIsTold) {
  world.lake.kept.push_back(world.lake.kept[0]);
  const auto line = the_line_that_differs();
  EXPECT_EQ(line.repeated, 1);
  EXPECT_EQ(line.difference(), 1);
  EXPECT_THAT(repairs(proof(), kStart), IsEmpty());
}

TEST_F(ReconciliationTest, ADeadLetterOfTheRawLogIsKnownAndNoDifference) {
  const Event lost = lose(7);
  store::PutDelivery dead;
  dead.target = kConsumer;
  dead.position = lost.position;
  dead.event_id = lost.id;
  dead.state = store::PutDelivery::State::dead;
  ASSERT_TRUE(world.commit(dead));
  const auto line = the_line_that_differs();
  EXPECT_EQ(line.put_aside, 1);
  EXPECT_EQ(line.difference(), 0);
  EXPECT_THAT(repairs(proof(), kStart), IsEmpty());
}

TEST_F(ReconciliationTest, WhatTheFeederHasNotPassedIsNoDifference) {
  world.add(10);
  EXPECT_EQ(proof().difference(), 0);
  EXPECT_THAT(proof().lines, SizeIs(8));
  // In the log, while the cursor has not moved: nor is that.
  const auto rows = *world.outbox.read_after({.after = **world.outbox.cursor(kConsumer)});
  ASSERT_EQ(rows.size(), 10u);
  for (const auto& row : rows) world.lake.kept.push_back({row.event, "default"});
  EXPECT_EQ(proof().difference(), 0);
}

TEST_F(ReconciliationTest, OnlyTheRangeAskedForIsCompared) {
  lose(7);  // of the first hour
  const Instant second = std::chrono::floor<std::chrono::hours>(kStart) + std::chrono::hours{1};
  const Reconciliation found = proof({second, second + std::chrono::hours{2}});
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(4));
}

TEST_F(ReconciliationTest, TheNextRangeMayBeReadFromWhereThisOneSays) {
  const Instant third = std::chrono::floor<std::chrono::hours>(kStart) + std::chrono::hours{2};
  const Reconciliation first = proof({kBegin, third});
  const Reconciliation rest = proof({third, kEver, first.resume});
  EXPECT_EQ(rest.difference(), 0);
  EXPECT_THAT(rest.lines, SizeIs(4));
  EXPECT_LT(rest.rows_read, 100);
}

TEST_F(ReconciliationTest, AnHourThatRetentionHasBegunIsLeftOut) {
  store::RetentionStep step;
  step.outbox_before = step.ledger_before = kStart + Millis{1};
  step.rows_max = 10;
  ASSERT_TRUE(world.commit(step));
  const Reconciliation found = proof();
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(6));
}

TEST_F(ReconciliationTest, ManyLostRowsComeBackByTheCursor) {
  world.add(3'000, "orders");
  world.run_until_caught_up();
  std::erase_if(world.lake.kept, [](const auto& row) { return row.event.source == "orders"; });
  EXPECT_EQ(proof().missing_total, 3'000);
  EXPECT_THAT(repairs(proof(), kStart), SizeIs(1));
  repair();
  EXPECT_EQ(proof().difference(), 0);
  world.expect_each_once();
}

TEST_F(ReconciliationTest, MayBeStopped) {
  const auto stopped = reconcile({world.outbox, world.lake}, {kBegin, kEver}, [] { return true; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::unavailable);
}

}  // namespace
}  // namespace vf::raw_log
