// reconcile() finds what differs between outbox and raw log, and repairs() restores missing events through the feeder.
// Doubles: the outbox in memory, a lake whose rows the test changes. Oracle: the rows that the test changed.
#include "raw_log/reconciliation.h"

#include <gmock/gmock.h>

#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const auto kNeverStop = [] { return false; };
const Instant kBegin = from_unix_millis(0);
const Instant kEver = from_unix_millis(4'000'000'000'000);

struct ReconciliationTest : testing::Test {
  // Sets up four hours of events of two sources; the log holds them all.
  ReconciliationTest() {
    for (int hour = 0; hour < 4; ++hour) {
      harness.add(20, "kick");
      harness.add(5, "sumsub");
      harness.clock.advance(std::chrono::hours{1});
    }
    harness.run_until_caught_up();
  }
  Reconciliation compare(ReconciliationRange range = {kBegin, kEver}) {
    auto found = reconcile({harness.outbox, harness.lake}, range, kNeverStop);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Reconciliation{};
  }
  ReconciledHour differing_line() {
    const Reconciliation found = compare();
    std::vector<ReconciledHour> differing;
    for (const auto& line : found.lines) {
      if (line.difference() != 0 || line.dead_letters != 0) differing.push_back(line);
    }
    EXPECT_THAT(differing, SizeIs(1));
    return differing.empty() ? ReconciledHour{} : differing[0];
  }
  Event lose(size_t index) {
    Event event = harness.lake.kept[index].event;
    harness.lake.kept.erase(harness.lake.kept.begin() + static_cast<std::ptrdiff_t>(index));
    return event;
  }
  void repair() {
    for (const auto& write : repairs(compare(), harness.clock.now())) ASSERT_TRUE(harness.commit(write));
    harness.clock.advance(std::chrono::seconds{5});
    harness.run_until_caught_up();
    harness.run_until_idle();
  }

  FeederHarness harness;
};

TEST_F(ReconciliationTest, EqualStoresNeedCountsOnly) {
  const Reconciliation found = compare();
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(8));
  for (const auto& line : found.lines) {
    EXPECT_EQ(line.outbox, line.source == "kick" ? 20 : 5);
    EXPECT_EQ(line.lake, line.outbox);
  }
  EXPECT_THAT(repairs(found, kStart), IsEmpty());
  EXPECT_EQ(found.rows_read, 100);
}

TEST_F(ReconciliationTest, LostRowIsFoundAndRestoredOnce) {
  const Event lost = lose(7);
  const auto line = differing_line();
  EXPECT_EQ(line.source, lost.source);
  EXPECT_EQ(line.hour, std::chrono::floor<std::chrono::hours>(lost.received));
  EXPECT_EQ(line.missing, 1);
  EXPECT_EQ(line.difference(), 1);
  repair();
  EXPECT_EQ(compare().difference(), 0);
  harness.expect_each_once();
}

TEST_F(ReconciliationTest, ExchangedRowIsFoundDespiteEqualCounts) {
  lose(3);
  Event strange = harness.lake.kept[3].event;
  strange.id.bytes[15] ^= 0xff;
  harness.lake.kept.push_back({strange, "default"});
  const auto line = differing_line();
  EXPECT_EQ(line.outbox, line.lake);
  EXPECT_EQ(line.missing, 1);
  EXPECT_EQ(line.unknown, 1);
}

TEST_F(ReconciliationTest, RepeatedRowIsReported) {
  harness.lake.kept.push_back(harness.lake.kept[0]);
  const auto line = differing_line();
  EXPECT_EQ(line.repeated, 1);
  EXPECT_EQ(line.difference(), 1);
  EXPECT_THAT(repairs(compare(), kStart), IsEmpty());
}

TEST_F(ReconciliationTest, DeadLetterIsNoDifference) {
  const Event lost = lose(7);
  store::PutDelivery dead;
  dead.target = kConsumer;
  dead.position = lost.position;
  dead.event_id = lost.id;
  dead.state = store::PutDelivery::State::dead;
  ASSERT_TRUE(harness.commit(dead));
  const auto line = differing_line();
  EXPECT_EQ(line.dead_letters, 1);
  EXPECT_EQ(line.difference(), 0);
  EXPECT_THAT(repairs(compare(), kStart), IsEmpty());
}

TEST_F(ReconciliationTest, EventThatTheFeederRestoresMeanwhileIsNotMissing) {
  const Event lost = lose(7);
  bool is_restored = false;
  harness.lake.on_ids_present = [&] {  // after this answer, and before the feeder's row of the event is looked for
    if (!std::exchange(is_restored, true)) harness.lake.kept.push_back({lost, "default"});
  };
  const Reconciliation found = compare();
  EXPECT_EQ(found.difference(), 0);
  EXPECT_EQ(found.missing_total, 0);
}

TEST_F(ReconciliationTest, EventsTheFeederHasNotPassedAreNoDifference) {
  harness.add(10);
  EXPECT_EQ(compare().difference(), 0);
  EXPECT_THAT(compare().lines, SizeIs(8));
  // Neither are they once they are in the log, as long as the cursor has not moved.
  const auto rows = *harness.outbox.read_after({.after = **harness.outbox.cursor(kConsumer)});
  ASSERT_EQ(rows.size(), 10u);
  for (const auto& row : rows) harness.lake.kept.push_back({row.event, "default"});
  EXPECT_EQ(compare().difference(), 0);
}

TEST_F(ReconciliationTest, OnlyTheRequestedRangeIsCompared) {
  lose(7);  // of the first hour
  const Instant second = std::chrono::floor<std::chrono::hours>(kStart) + std::chrono::hours{1};
  const Reconciliation found = compare({second, second + std::chrono::hours{2}});
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(4));
}

TEST_F(ReconciliationTest, NextRangeIsReadFromTheResumePosition) {
  const Instant third = std::chrono::floor<std::chrono::hours>(kStart) + std::chrono::hours{2};
  const Reconciliation first = compare({kBegin, third});
  const Reconciliation rest = compare({third, kEver, first.resume});
  EXPECT_EQ(rest.difference(), 0);
  EXPECT_THAT(rest.lines, SizeIs(4));
  EXPECT_LT(rest.rows_read, 100);
}

TEST_F(ReconciliationTest, PartlyPurgedHourIsLeftOut) {
  store::RetentionStep step;
  step.outbox_before = step.ledger_before = kStart + Millis{1};
  step.rows_max = 10;
  ASSERT_TRUE(harness.commit(step));
  const Reconciliation found = compare();
  EXPECT_EQ(found.difference(), 0);
  EXPECT_THAT(found.lines, SizeIs(6));
}

TEST_F(ReconciliationTest, ManyLostRowsAreRestoredByMovingTheCursorBack) {
  harness.add(3'000, "orders");
  harness.run_until_caught_up();
  std::erase_if(harness.lake.kept, [](const auto& row) { return row.event.source == "orders"; });
  EXPECT_EQ(compare().missing_total, 3'000);
  EXPECT_THAT(repairs(compare(), kStart), SizeIs(1));
  repair();
  EXPECT_EQ(compare().difference(), 0);
  harness.expect_each_once();
}

TEST_F(ReconciliationTest, MayBeStopped) {
  const auto stopped = reconcile({harness.outbox, harness.lake}, {kBegin, kEver}, [] { return true; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::unavailable);
}

}  // namespace
}  // namespace vf::raw_log
