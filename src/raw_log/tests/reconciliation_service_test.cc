// Tests ReconciliationService as an operator uses it: one run at a time, its result, its end at a drain. Scope: the
// service; reconciliation_test.cc tests the comparison. Doubles: the outbox in memory, a lake that the test changes and
// blocks.
#include "raw_log/reconciliation_service.h"

#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "base/eventually_test.h"
#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ReconciliationServiceTest : public testing::Test {
 protected:
  // Sets up an hour with ten events, of which the log lacks one; a second hour has begun. Another process holds the
  // lease for the rounds.
  ReconciliationServiceTest() {
    harness_.add(10);
    harness_.run_until_caught_up();
    harness_.clock.advance(std::chrono::hours{1});
    harness_.lake.kept.erase(harness_.lake.kept.begin() + 4);
    EXPECT_TRUE(harness_.commit(store::TakeLease{"reconciliation", "another", std::chrono::days{1}}));
  }

  ReconciliationService::Params params() {
    return {.services = {harness_.clock, log_, metrics_, health_},
            .outbox = harness_.outbox,
            .lake = harness_.lake,
            .writer = writer_,
            .lease = {.name = "reconciliation", .holder = "a", .writer = writer_, .clock = harness_.clock},
            .sources = {"kick"}};
  }
  Result<void> start(bool repair) {
    return service_.start({.from = Instant{}, .to = harness_.clock.now(), .repair = repair});
  }
  bool comes_to(const std::string& state) {
    return eventually([this, &state] { return service_.status().state == state; });
  }
  /// From now on a run waits inside the lake until go_ is counted down.
  void hold_the_lake() {
    harness_.lake.on_tally = [this] {
      held_.count_down();
      go_.wait();
    };
  }

  FeederHarness harness_;
  obs::Log log_{obs::Format::human, obs::Level::error};
  obs::Metrics metrics_;
  obs::Health health_;
  std::latch held_{1}, go_{1};
  outbox::FunctionWriter writer_{[this](const Write& what, outbox::OnWritten done) { done(harness_.commit(what)); }};
  ReconciliationService service_{params()};
};

TEST_F(ReconciliationServiceTest, ReportsDifferencesAndChangesNothing) {
  EXPECT_EQ(service_.status().state, "none");
  ASSERT_TRUE(start(false));
  ASSERT_TRUE(comes_to("done"));
  const auto found = service_.status();
  EXPECT_EQ(found.difference, 1);
  EXPECT_EQ(found.repaired, 0);
  ASSERT_THAT(found.lines, SizeIs(1));
  EXPECT_EQ(found.lines[0].source, "kick");
  EXPECT_EQ(found.lines[0].outbox, 10);
  EXPECT_EQ(found.lines[0].lake, 9);
  EXPECT_EQ(found.lines[0].missing, 1);
  harness_.run_until_caught_up();
  EXPECT_THAT(harness_.lake.kept, SizeIs(9));
}

TEST_F(ReconciliationServiceTest, RepairHandsMissingEventsToTheFeeder) {
  ASSERT_TRUE(start(true));
  ASSERT_TRUE(comes_to("done"));
  EXPECT_EQ(service_.status().repaired, 1);
  EXPECT_THAT(harness_.deliveries(PutDelivery::State::retry), SizeIs(1));
  ASSERT_TRUE(eventually([this] {
    harness_.clock.advance(std::chrono::seconds{2});
    harness_.run_until_idle();
    return harness_.lake.kept.size() == 10;
  }));
  harness_.expect_each_once();
}

TEST_F(ReconciliationServiceTest, OneRunAtATime) {
  hold_the_lake();
  ASSERT_TRUE(start(false));
  held_.wait();
  EXPECT_EQ(service_.status().state, "running");
  EXPECT_EQ(start(false).error().code, Code::conflict);
  go_.count_down();
  ASSERT_TRUE(comes_to("done"));
  harness_.lake.on_tally = [] {};
  EXPECT_TRUE(start(false));
  EXPECT_TRUE(comes_to("done"));
}

TEST_F(ReconciliationServiceTest, DrainEndsARunAndRefusesLaterOnes) {
  hold_the_lake();
  ASSERT_TRUE(start(false));
  held_.wait();
  std::jthread drain([this] { service_.drain(Millis{0}); });
  ASSERT_TRUE(eventually([this] { return start(false).error().code == Code::unavailable; }));
  go_.count_down();
  drain.join();
  EXPECT_EQ(service_.status().state, "failed");
  EXPECT_THAT(service_.status().error, HasSubstr("stopped"));
}

}  // namespace
}  // namespace vf::raw_log
