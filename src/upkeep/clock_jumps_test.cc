// What retention and purge remove when a clock jumps: nothing, until the clock has agreed with the steady clock for an
// hour. Oracle: what the stores hold. The stores are in memory, the clock is moved by hand.
#include <gtest/gtest.h>

#include "event/identity.h"
#include "store/memory/environment.h"
#include "store/memory/outbox.h"
#include "upkeep/purge_job.h"
#include "upkeep/retention_job.h"

namespace vf::upkeep {
namespace {

using std::chrono::days;

struct ClockJumps : testing::Test {
  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  obs::Log log{obs::Format::human, obs::Level::error};
  obs::Metrics metrics;
  obs::Health health;
  obs::Services services{clock, log, metrics, health};
  watch::TrustedClocks clocks{services};
  watch::TrustedTime& time = clocks.machine();

  void SetUp() override {
    time.check();
    clock.advance(watch::ClockLimits{}.agreement);
  }
  /// Runs `each` every five seconds for a minute: 15 seconds of it the clock is 40 days ahead.
  void jump_for_fifteen_seconds(const std::function<void()>& each) {
    for (int i = 0; i < 12; ++i) {
      if (i == 4) clock.jump(days{40});
      if (i == 7) clock.jump(-days{40});
      each();
      clock.advance(Millis{5'000});
    }
  }
};

struct RetentionTest : ClockJumps {
  store::memory::MemoryOutbox outbox;
  RetentionRule rule{.outbox = days{7}, .ledger = days{30}, .consumers = {}, .max_backlog = days{30}};

  bool is_duplicate() {
    store::AddEvent add;
    add.event.source = "kick";
    add.event.message_id = "1";
    add.event.id = event_id("kick", "1", std::nullopt);
    const store::Write write = add;
    return std::get<store::EventAdded>(outbox.write({&write, 1}, clock.now(), nullptr)->front()).duplicate;
  }
  /// Returns the number of rows removed; -1: held back.
  int64_t retain() {
    const auto step = due_retention(rule, time);
    EXPECT_TRUE(step);
    if (!*step) return -1;
    const store::Write write = **step;
    return std::get<store::RowsRemoved>(outbox.write({&write, 1}, clock.now(), nullptr)->front()).removed;
  }
};

TEST_F(RetentionTest, FifteenSecondsAtFortyDaysAheadRemoveNothing) {
  EXPECT_FALSE(is_duplicate());
  EXPECT_EQ(retain(), 0);
  jump_for_fifteen_seconds([this] { EXPECT_LE(retain(), 0); });
  EXPECT_TRUE(outbox.find(event_id("kick", "1", std::nullopt))->has_value());
  EXPECT_TRUE(is_duplicate());
  EXPECT_EQ(time.state().jumps, 2);
  EXPECT_EQ(retain(), -1);
  clock.advance(watch::ClockLimits{}.agreement);
  EXPECT_EQ(retain(), 0);
}

TEST_F(RetentionTest, ClockThatStaysAheadCountsAfterAnHour) {
  EXPECT_FALSE(is_duplicate());
  clock.jump(days{40});
  EXPECT_EQ(retain(), -1);
  clock.advance(watch::ClockLimits{}.agreement);
  EXPECT_EQ(retain(), 2) << "outbox and ledger";
  EXPECT_FALSE(is_duplicate());
}

TEST_F(RetentionTest, DeadLettersAndTheirEventsAreKeptUntilMaxBacklog) {
  rule.max_backlog = days{10};
  EXPECT_FALSE(is_duplicate());
  const Uuid id = event_id("kick", "1", std::nullopt);
  const store::Write dead = store::PutDelivery{.target = "stage",
                                               .position = outbox.find(id).value()->event.position,
                                               .event_id = id,
                                               .state = store::PutDelivery::State::dead,
                                               .reason = "422"};
  ASSERT_TRUE(outbox.write({&dead, 1}, clock.now(), nullptr));
  clock.advance(days{8});
  EXPECT_EQ(retain(), 1) << "the outbox row";
  EXPECT_TRUE(outbox.find(id)->has_value());
  clock.advance(days{2});
  EXPECT_EQ(retain(), 0);
  EXPECT_EQ(outbox.deliveries_of(id)->size(), 1u);
  clock.advance(Millis{1});
  EXPECT_EQ(retain(), 1);
  EXPECT_FALSE(outbox.find(id)->has_value());
  EXPECT_TRUE(outbox.deliveries_of(id)->empty());
}

TEST_F(RetentionTest, StartWithAClockAheadHoldsBackForAnHour) {
  EXPECT_FALSE(is_duplicate());
  clock.jump(days{40});
  watch::TrustedTime restarted{[this] { return outbox.time(clock.now()); }, clock};
  const auto step = due_retention(rule, restarted);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->has_value());
}

struct PurgeTest : ClockJumps {
  store::memory::MemoryEnvironment environment;
  void quarantine() {
    store::Projection refused;
    refused.event_id = event_id("kick", "1", std::nullopt);
    refused.source = "kick";
    refused.status = store::Applied::quarantined;
    refused.reason = "unknown";
    ASSERT_TRUE(environment.apply({&refused, 1}, clock.now(), nullptr));
  }
  int64_t purge() {
    const auto step = due_purge({.processed = days{30}, .quarantined = days{30}}, time);
    EXPECT_TRUE(step);
    return *step ? *environment.purge(**step) : -1;
  }
};

TEST_F(PurgeTest, FifteenSecondsAtFortyDaysAheadRemoveNothing) {
  quarantine();
  EXPECT_EQ(purge(), 0);
  jump_for_fifteen_seconds([this] { EXPECT_LE(purge(), 0); });
  EXPECT_EQ(environment.quarantined(10)->size(), 1u);
  EXPECT_TRUE(environment.processed(event_id("kick", "1", std::nullopt))->has_value());
  clock.advance(watch::ClockLimits{}.agreement);
  EXPECT_EQ(purge(), 0);
  clock.advance(days{31});
  EXPECT_EQ(purge(), 2);
}

}  // namespace
}  // namespace vf::upkeep
