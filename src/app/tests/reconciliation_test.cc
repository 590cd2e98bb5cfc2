// The proof that an operator asks for: one at a time, told when it is done, given up by the drain. What it compares is
// tested in src/ingest. Doubles: the outbox in memory, a raw log that the test tampers with and holds up.
#include "app/reconciliation.h"

#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "base/eventually_test.h"
#include "raw_log/fixture_test.h"

namespace vf::app {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class RawLogReconciliationTest : public testing::Test {
 protected:
  // An hour with ten events, all in the log but one; and another hour has begun. The rounds are another process's.
  RawLogReconciliationTest() {
    world_.add(10);
    world_.run_until_caught_up();
    world_.clock.advance(std::chrono::hours{1});
    world_.lake.kept.erase(world_.lake.kept.begin() + 4);
    EXPECT_TRUE(world_.commit(store::TakeLease{"proof", "another", std::chrono::days{1}}));
    proof_.add_to(hub_);
  }

  RawLogReconciliation::Params params() {
    return {.services = {world_.clock, log_, metrics_, health_},
            .outbox = world_.outbox,
            .lake = world_.lake,
            .writer = writer_,
            .lease = {.name = "proof", .holder = "a", .writer = writer_, .clock = world_.clock},
            .sources = {"kick"}};
  }
  Result<void> ask(bool repair) {
    std::optional<Result<void>> told;
    hub_.start_reconciliation({Instant{}, world_.clock.now(), repair}, [&told](const auto& result) { told = result; });
    EXPECT_TRUE(told) << "the order is answered at once";
    return told.value_or(internal("no answer"));
  }
  bool comes_to(const std::string& state) {
    return eventually([this, &state] { return hub_.reconciliation().state == state; });
  }
  /// From now on a proof waits inside the log until go_ is counted down.
  void hold_the_log() {
    world_.lake.on_tally = [this] {
      held_.count_down();
      go_.wait();
    };
  }

  raw_log::World world_;
  obs::Log log_{obs::Format::human, obs::Level::error};
  obs::Metrics metrics_;
  obs::Health health_;
  std::latch held_{1}, go_{1};
  outbox::FunctionWriter writer_{
      [this](const store::Write& what, outbox::OnWritten done) { done(world_.commit(what)); }};
  admin::Hub hub_{.outbox = world_.outbox, .writer = writer_};
  RawLogReconciliation proof_{params()};
};

TEST_F(RawLogReconciliationTest, TellsWhatDiffersAndChangesNothing) {
  EXPECT_EQ(hub_.reconciliation().state, "none");
  ASSERT_TRUE(ask(false));
  ASSERT_TRUE(comes_to("done"));
  const auto found = hub_.reconciliation();
  EXPECT_EQ(found.difference, 1);
  EXPECT_EQ(found.repaired, 0);
  ASSERT_THAT(found.lines, SizeIs(1));
  EXPECT_EQ(found.lines[0].source, "kick");
  EXPECT_EQ(found.lines[0].outbox, 10);
  EXPECT_EQ(found.lines[0].lake, 9);
  EXPECT_EQ(found.lines[0].missing, 1);
  world_.run_until_caught_up();
  EXPECT_THAT(world_.lake.kept, SizeIs(9));
}

TEST_F(RawLogReconciliationTest, WhatIsMissingIsHandedToTheFeederWhenItIsToBeRepaired) {
  ASSERT_TRUE(ask(true));
  ASSERT_TRUE(comes_to("done"));
  EXPECT_EQ(hub_.reconciliation().repaired, 1);
  EXPECT_THAT(world_.exceptions(store::PutDelivery::State::retry), SizeIs(1));
  ASSERT_TRUE(eventually([this] {
    world_.clock.advance(std::chrono::seconds{2});
    world_.run_until_idle();
    return world_.lake.kept.size() == 10;
  }));
  world_.expect_each_once();
}

TEST_F(RawLogReconciliationTest, OneIsUnderWayAtATime) {
  hold_the_log();
  ASSERT_TRUE(ask(false));
  held_.wait();
  EXPECT_EQ(hub_.reconciliation().state, "running");
  EXPECT_EQ(ask(false).error().code, Code::conflict);
  go_.count_down();
  ASSERT_TRUE(comes_to("done"));
  world_.lake.on_tally = [] {};
  EXPECT_TRUE(ask(false));
  EXPECT_TRUE(comes_to("done"));
}

TEST_F(RawLogReconciliationTest, TheDrainGivesUpWhatIsUnderWayAndRefusesMore) {
  hold_the_log();
  ASSERT_TRUE(ask(false));
  held_.wait();
  std::jthread drain([this] { proof_.drain(Millis{0}); });
  ASSERT_TRUE(eventually([this] { return ask(false).error().code == Code::unavailable; }));
  go_.count_down();
  drain.join();
  EXPECT_EQ(hub_.reconciliation().state, "failed");
  EXPECT_THAT(hub_.reconciliation().error, HasSubstr("stop"));
}

}  // namespace
}  // namespace vf::app
