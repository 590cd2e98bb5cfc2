// What is read of the store's dead letters and of targets that are no longer configured. Oracle: what was written to
// the store, in memory.
#include "fanout/target_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "store/memory/outbox.h"

namespace vf::fanout {
namespace {

using State = store::PutDelivery::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Instant kStart{Millis{1'790'000'000'000}};

struct TargetWatchTest : testing::Test {
  store::memory::MemoryOutbox outbox;
  std::vector<Target> targets{{.name = "stage", .url = "http://a"}};
  TargetWatch watch{{.outbox = outbox, .targets = [this] { return targets; }}};
  uint32_t last_event = 0;

  void write(store::Write write) { ASSERT_TRUE(outbox.write({&write, 1}, kStart, nullptr)); }
  void start(const std::string& consumer) {
    write(store::StartConsumer{.consumer = consumer, .at = store::StartConsumer::At::earliest});
  }
  Uuid add_event() {
    store::AddEvent add;
    ++last_event;
    std::memcpy(add.event.id.bytes.data(), &last_event, sizeof last_event);
    write(add);
    return add.event.id;
  }
  void put(const std::string& target, Uuid id, State state) {
    write(store::PutDelivery{.target = target,
                             .position = outbox.find(id).value()->event.position,
                             .event_id = id,
                             .state = state,
                             .reason = "no",
                             .first_failed_at = kStart});
  }
  /// Delivers everything to a target that is configured like this.
  void deliver(const Target& target) {
    write(store::AdvanceCursor{.consumer = target.name,
                               .from = *outbox.cursor(target.name).value(),
                               .to = outbox.end().value(),
                               .count = 1,
                               .config_version = config_version(target)});
  }
  std::string alarm(const std::string& name) {
    EXPECT_TRUE(watch.read());
    return watch.alarm(name);
  }
};

TEST_F(TargetWatchTest, DeadLettersAreThoseThatTheStoreHoldsNow) {
  EXPECT_EQ(watch.dead_letters("stage"), std::nullopt) << "not read yet";
  const Uuid first = add_event(), second = add_event();
  put("stage", first, State::dead);
  put("stage", second, State::retry);
  ASSERT_TRUE(watch.read());
  EXPECT_EQ(watch.dead_letters("stage"), 1);
  EXPECT_EQ(watch.dead_letters("raw-log"), 0);
  put("stage", second, State::dead);
  ASSERT_TRUE(watch.read());
  EXPECT_EQ(watch.dead_letters("stage"), 2);
  write(store::DropDeadLetters{.target = "stage", .events = {first, second}});
  ASSERT_TRUE(watch.read());
  EXPECT_EQ(watch.dead_letters("stage"), 0);
}

TEST_F(TargetWatchTest, ATargetThatIsLeftWithABacklogIsAnAlarm) {
  start("partner");
  EXPECT_EQ(alarm("partner"), "") << "nothing waits for it";
  add_event();
  const Uuid dead = add_event();
  put("partner", dead, State::dead);
  EXPECT_THAT(alarm("partner"), AllOf(HasSubstr("no longer configured; 2 events follow its cursor, 0 wait for another "
                                                "attempt, 1 are dead letters"),
                                      HasSubstr("configure it as partner"), HasSubstr("vf targets dismiss partner")));
  ASSERT_EQ(watch.left().size(), 1u);
  EXPECT_EQ(watch.left()[0].backlog.rows, 2);
  EXPECT_EQ(watch.left()[0].dead, 1);
  EXPECT_EQ(alarm("stage"), "");
  EXPECT_EQ(watch.dead_letters("partner"), std::nullopt);
}

TEST_F(TargetWatchTest, TheRawLogIsNoTarget) {
  start("raw-log");
  add_event();
  ASSERT_TRUE(watch.read());
  EXPECT_THAT(watch.left(), IsEmpty());
}

TEST_F(TargetWatchTest, ATargetOfTheSameUrlAndFiltersIsNamedAsItsNewName) {
  const Target partner{.name = "partner", .url = "http://b", .types = {"kick.*"}};
  start("partner");
  add_event();
  deliver(partner);
  add_event();
  EXPECT_THAT(alarm("partner"), Not(HasSubstr("under this name")));
  targets.push_back(partner);
  targets.back().name = "customer";
  EXPECT_THAT(alarm("partner"), HasSubstr("customer has its url and filters, and does not get these events"));
  targets.back().url = "http://c";
  EXPECT_THAT(alarm("partner"), Not(HasSubstr("customer")));
}

TEST_F(TargetWatchTest, ADismissedAlarmIsSilentUntilTheTargetHasBeenServedAgain) {
  start("partner");
  add_event();
  EXPECT_NE(alarm("partner"), "");
  write(dismissed_setting("partner", watch.left().at(0).cursor));
  watch.dismissed("partner");
  EXPECT_EQ(watch.alarm("partner"), "");
  add_event();
  EXPECT_EQ(alarm("partner"), "");
  deliver({.name = "partner", .url = "http://b"});
  add_event();
  EXPECT_NE(alarm("partner"), "") << "it was configured again, and is left again";
}

TEST_F(TargetWatchTest, AnAlarmEndsWhenRetentionHasRemovedWhatWaited) {
  start("partner");
  add_event();
  EXPECT_NE(alarm("partner"), "");
  write(store::RetentionStep{.outbox_before = kStart + Millis{1}, .held_by = {}, .rows_max = 10});
  add_event();
  EXPECT_EQ(alarm("partner"), "") << "it could not be delivered without a gap any more";
}

TEST_F(TargetWatchTest, ATargetThatIsConfiguredIsNotLeft) {
  start("stage");
  add_event();
  EXPECT_EQ(alarm("stage"), "");
}

}  // namespace
}  // namespace vf::fanout
