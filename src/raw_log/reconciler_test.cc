// The rounds of the proof: when, how far, and what happens to what is missing. Doubles as in raw_log_proof_test.cc.
#include "raw_log/reconciler.h"

#include <gmock/gmock.h>

#include "raw_log/fixture_test.h"

namespace vf::raw_log {
namespace {

const Instant kFirstHour = std::chrono::floor<std::chrono::hours>(kStart);

struct RawLogProverTest : testing::Test {
  RawLogProverTest() { restart(); }
  void restart() {
    prover = std::make_unique<RawLogProver>(RawLogProver::Params{
        {world.outbox, world.lake}, [this](Write what, auto done) { done(world.commit(what)); }, world.clock});
  }
  void hour_passes() {
    world.add(10);
    world.run_until_caught_up();
    world.clock.advance(std::chrono::hours{1});
  }
  int64_t difference() const {
    int64_t sum = 0;
    for (const auto& [source, number] : prover->status().difference) sum += number;
    return sum;
  }

  World world;
  std::unique_ptr<RawLogProver> prover;
};

TEST_F(RawLogProverTest, AnHourIsProvedOnceItIsOver) {
  world.add(10);
  world.run_until_caught_up();
  while (prover->status().proved_to == Instant{}) {
    const Millis wait = prover->step();
    if (wait > Millis{0}) world.clock.advance(wait);
    ASSERT_LT(world.clock.now(), kFirstHour + std::chrono::hours{3});
  }
  prover->step();
  EXPECT_GE(world.clock.now(), prover->status().proved_to + std::chrono::minutes{10});
  EXPECT_EQ(difference(), 0);
}

TEST_F(RawLogProverTest, WhatIsMissingComesBackAndTheHoursAreProvedAgain) {
  hour_passes();
  hour_passes();
  world.lake.kept.erase(world.lake.kept.begin() + 4);
  const Millis wait = prover->step();
  EXPECT_EQ(difference(), 1);
  EXPECT_EQ(prover->status().proved_to, Instant{}) << "not yet";
  world.clock.advance(std::chrono::seconds{5});
  world.run_until_caught_up();
  world.clock.advance(wait);
  prover->step();
  EXPECT_EQ(difference(), 0);
  EXPECT_GT(prover->status().proved_to, kFirstHour);
  world.expect_each_once();
}

TEST_F(RawLogProverTest, GoesOnAfterARestartWhereItWas) {
  hour_passes();
  hour_passes();
  hour_passes();
  prover->step();
  const Instant proved_to = prover->status().proved_to;
  ASSERT_GT(proved_to, kFirstHour);
  world.lake.kept.erase(world.lake.kept.begin());  // of an hour that is proved
  restart();
  hour_passes();
  prover->step();
  EXPECT_GT(prover->status().proved_to, proved_to);
  EXPECT_EQ(difference(), 0) << "only what came since";
}

TEST_F(RawLogProverTest, WaitsForTheFeeder) {
  hour_passes();
  world.add(3);
  world.clock.advance(std::chrono::hours{2});
  EXPECT_EQ(prover->step(), Millis{60'000});
  EXPECT_EQ(prover->status().proved_to, Instant{});
}

TEST_F(RawLogProverTest, ALakeThatIsAwayIsToldAndTriedAgain) {
  hour_passes();
  hour_passes();
  world.lake.kept.erase(world.lake.kept.begin());
  world.lake.reads_fail = true;
  EXPECT_EQ(prover->step(), Millis{60'000});
  EXPECT_EQ(prover->status().last_error, "the lake does not read");
  prover->step();
  EXPECT_EQ(prover->status().last_error, "");
  EXPECT_EQ(difference(), 1);
}

}  // namespace
}  // namespace vf::raw_log
