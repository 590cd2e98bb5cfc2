// Reconciler: when a round runs, how far it goes, and that missing events are restored. Doubles as in
// reconciliation_test.cc.
#include "raw_log/reconciler.h"

#include <gmock/gmock.h>

#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

const Instant kFirstHour = std::chrono::floor<std::chrono::hours>(kStart);

struct ReconcilerTest : testing::Test {
  ReconcilerTest() { restart(); }
  void restart() {
    reconciler = std::make_unique<Reconciler>(
        Reconciler::Params{.ports = {harness.outbox, harness.lake}, .writer = writer, .clock = harness.clock});
  }
  void hour_passes() {
    harness.add(10);
    harness.run_until_caught_up();
    harness.clock.advance(std::chrono::hours{1});
  }
  int64_t difference() const {
    int64_t sum = 0;
    for (const auto& [source, number] : reconciler->status().difference) sum += number;
    return sum;
  }

  FeederHarness harness;
  outbox::FunctionWriter writer{[this](const Write& what, outbox::OnWritten done) { done(harness.commit(what)); }};
  std::unique_ptr<Reconciler> reconciler;
};

TEST_F(ReconcilerTest, ReconcilesAnHourAfterItIsOver) {
  harness.add(10);
  harness.run_until_caught_up();
  while (reconciler->status().reconciled_to == Instant{}) {
    const Millis wait = reconciler->step().value();
    if (wait > Millis{0}) harness.clock.advance(wait);
    ASSERT_LT(harness.clock.now(), kFirstHour + std::chrono::hours{3});
  }
  ASSERT_TRUE(reconciler->step());
  EXPECT_GE(harness.clock.now(), reconciler->status().reconciled_to + std::chrono::minutes{10});
  EXPECT_EQ(difference(), 0);
}

TEST_F(ReconcilerTest, MissingEventsAreRestoredAndTheHoursComparedAgain) {
  hour_passes();
  hour_passes();
  harness.lake.kept.erase(harness.lake.kept.begin() + 4);
  const Millis wait = reconciler->step().value();
  EXPECT_EQ(difference(), 1);
  EXPECT_EQ(reconciler->status().reconciled_to, Instant{}) << "not yet";
  harness.clock.advance(std::chrono::seconds{5});
  harness.run_until_caught_up();
  harness.clock.advance(wait);
  ASSERT_TRUE(reconciler->step());
  EXPECT_EQ(difference(), 0);
  EXPECT_GT(reconciler->status().reconciled_to, kFirstHour);
  harness.expect_each_once();
}

TEST_F(ReconcilerTest, ContinuesFromItsProgressAfterARestart) {
  hour_passes();
  hour_passes();
  hour_passes();
  ASSERT_TRUE(reconciler->step());
  const Instant reconciled_to = reconciler->status().reconciled_to;
  ASSERT_GT(reconciled_to, kFirstHour);
  harness.lake.kept.erase(harness.lake.kept.begin());  // of an hour that is reconciled
  restart();
  hour_passes();
  ASSERT_TRUE(reconciler->step());
  EXPECT_GT(reconciler->status().reconciled_to, reconciled_to);
  EXPECT_EQ(difference(), 0) << "only the hours since";
}

TEST_F(ReconcilerTest, WaitsForTheFeeder) {
  hour_passes();
  harness.add(3);
  harness.clock.advance(std::chrono::hours{2});
  EXPECT_EQ(reconciler->step().value(), Millis{60'000});
  EXPECT_EQ(reconciler->status().reconciled_to, Instant{});
}

TEST_F(ReconcilerTest, LakeThatIsAwayIsReportedAndTriedAgain) {
  hour_passes();
  hour_passes();
  harness.lake.kept.erase(harness.lake.kept.begin());
  harness.lake.reads_fail = true;
  EXPECT_EQ(reconciler->step().error().message, "the lake does not read");
  ASSERT_TRUE(reconciler->step());
  EXPECT_EQ(difference(), 1);
}

}  // namespace
}  // namespace vf::raw_log
