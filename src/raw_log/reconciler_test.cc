// The rounds of the proof: when, how far, and what happens to what is missing. Doubles as in raw_log_proof_test.cc.
#include "raw_log/reconciler.h"

#include <gmock/gmock.h>

#include "raw_log/fixture_test.h"

namespace vf::raw_log {
namespace {

const Instant kFirstHour = std::chrono::floor<std::chrono::hours>(kStart);

struct ReconcilerTest : testing::Test {
  ReconcilerTest() { restart(); }
  void restart() {
    reconciler = std::make_unique<Reconciler>(
        Reconciler::Params{.ports = {world.outbox, world.lake}, .writer = writer, .clock = world.clock});
  }
  void hour_passes() {
    world.add(10);
    world.run_until_caught_up();
    world.clock.advance(std::chrono::hours{1});
  }
  int64_t difference() const {
    int64_t sum = 0;
    for (const auto& [source, number] : reconciler->status().difference) sum += number;
    return sum;
  }

  World world;
  outbox::FunctionWriter writer{[this](const Write& what, outbox::OnWritten done) { done(world.commit(what)); }};
  std::unique_ptr<Reconciler> reconciler;
};

TEST_F(ReconcilerTest, AnHourIsProvedOnceItIsOver) {
  world.add(10);
  world.run_until_caught_up();
  while (reconciler->status().reconciled_to == Instant{}) {
    const Millis wait = reconciler->step();
    if (wait > Millis{0}) world.clock.advance(wait);
    ASSERT_LT(world.clock.now(), kFirstHour + std::chrono::hours{3});
  }
  reconciler->step();
  EXPECT_GE(world.clock.now(), reconciler->status().reconciled_to + std::chrono::minutes{10});
  EXPECT_EQ(difference(), 0);
}

TEST_F(ReconcilerTest, WhatIsMissingComesBackAndTheHoursAreProvedAgain) {
  hour_passes();
  hour_passes();
  world.lake.kept.erase(world.lake.kept.begin() + 4);
  const Millis wait = reconciler->step();
  EXPECT_EQ(difference(), 1);
  EXPECT_EQ(reconciler->status().reconciled_to, Instant{}) << "not yet";
  world.clock.advance(std::chrono::seconds{5});
  world.run_until_caught_up();
  world.clock.advance(wait);
  reconciler->step();
  EXPECT_EQ(difference(), 0);
  EXPECT_GT(reconciler->status().reconciled_to, kFirstHour);
  world.expect_each_once();
}

TEST_F(ReconcilerTest, GoesOnAfterARestartWhereItWas) {
  hour_passes();
  hour_passes();
  hour_passes();
  reconciler->step();
  const Instant reconciled_to = reconciler->status().reconciled_to;
  ASSERT_GT(reconciled_to, kFirstHour);
  world.lake.kept.erase(world.lake.kept.begin());  // of an hour that is proved
  restart();
  hour_passes();
  reconciler->step();
  EXPECT_GT(reconciler->status().reconciled_to, reconciled_to);
  EXPECT_EQ(difference(), 0) << "only what came since";
}

TEST_F(ReconcilerTest, WaitsForTheFeeder) {
  hour_passes();
  world.add(3);
  world.clock.advance(std::chrono::hours{2});
  EXPECT_EQ(reconciler->step(), Millis{60'000});
  EXPECT_EQ(reconciler->status().reconciled_to, Instant{});
}

TEST_F(ReconcilerTest, ALakeThatIsAwayIsToldAndTriedAgain) {
  hour_passes();
  hour_passes();
  world.lake.kept.erase(world.lake.kept.begin());
  world.lake.reads_fail = true;
  EXPECT_EQ(reconciler->step(), Millis{60'000});
  EXPECT_EQ(reconciler->status().last_error, "the lake does not read");
  reconciler->step();
  EXPECT_EQ(reconciler->status().last_error, "");
  EXPECT_EQ(difference(), 1);
}

}  // namespace
}  // namespace vf::raw_log
