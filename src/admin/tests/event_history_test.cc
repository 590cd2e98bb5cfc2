// The history of one event, over the outbox in memory. Oracle: the words that an operator reads for each way in which a
// cursor passes an event. Scope: history_of(); the API around it is tested in tests/e2e/test_admin.py.
#include "admin/event_history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/tests/fake_operations_test.h"
#include "event/identity.h"
#include "store/memory/outbox.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using store::PutDelivery;
using store::SkipReason;

const Instant kNow = from_unix_millis(1'795'000'000'000);

class EventHistory : public testing::Test {
 protected:
  EventHistory() {
    operations_.add_target("stage", {"kick.*"});
    write(store::StartConsumer{"stage", store::StartConsumer::At::earliest});
    write(store::StartConsumer{std::string(store::kRawLog), store::StartConsumer::At::earliest});
  }
  void write(const store::Write& what) { ASSERT_TRUE(outbox_.write({&what, 1}, kNow, nullptr)); }
  Uuid add(const std::string& type = "kick.channel.followed", bool fan_out = true) {
    store::AddEvent add;
    add.event.source = "kick";
    add.event.type = type;
    add.event.message_id = std::to_string(++added_);
    add.event.id = event_id("kick", add.event.message_id, std::nullopt);
    add.event.is_json = true;
    add.event.body = "{}";
    add.event.headers = "{}";
    add.fan_out = fan_out;
    write(add);
    return add.event.id;
  }
  /// The consumer's cursor passes the newest event.
  void pass(SkipReason skip_reason, const std::string& consumer = "stage") {
    write(store::AdvanceCursor{.consumer = consumer,
                               .from = **outbox_.cursor(consumer),
                               .to = *outbox_.end(),
                               .count = skip_reason == SkipReason::none ? 1 : 0,
                               .attempts = 2,
                               .sent_at = kNow,
                               .skip_reason = skip_reason});
  }
  Result<json> answer(Uuid id) {
    Result<json> answer = internal("no answer");
    history_of(id, hub_, [&answer](Result<json> history) { answer = std::move(history); });
    return answer;
  }
  json history(Uuid id) {
    auto history = answer(id);
    EXPECT_TRUE(history);
    return history.value_or(json());
  }
  json delivery(Uuid id) { return history(id)["deliveries"][0]; }
  void keep_a_lake() { operations_.lake_.driver = "chdb"; }

  store::memory::MemoryOutbox outbox_;
  ManualClock clock_{kNow};
  FakeOperations operations_;
  Hub hub_{.outbox = outbox_, .operations = operations_, .clock = clock_};
  int added_ = 0;
};

TEST_F(EventHistory, AnEventWaitsBeforeTheCursorReachesIt) {
  const Uuid id = add();
  EXPECT_EQ(delivery(id), (json{{"target", "stage"}, {"state", "waiting"}}));
}

TEST_F(EventHistory, ADeliveredEventShowsItsTimesAndAttempts) {
  const Uuid id = add();
  pass(SkipReason::none);
  EXPECT_EQ(delivery(id), (json{{"target", "stage"},
                                {"state", "delivered"},
                                {"attempts", 2},
                                {"sent_at", to_rfc3339(kNow)},
                                {"acked_at", to_rfc3339(kNow)}}));
}

TEST_F(EventHistory, ASkippedEventNamesTheModeThatSkippedIt) {
  const Uuid dry = add();
  pass(SkipReason::dry_run);
  EXPECT_EQ(delivery(dry)["state"], "skipped (dry-run)");
  const Uuid missed = add();
  pass(SkipReason::detached);
  EXPECT_EQ(delivery(missed)["state"], "skipped (detached)");
}

TEST_F(EventHistory, AnUnwantedEventIsSkippedWhateverTheSkipReason) {
  for (const auto skip_reason : {SkipReason::unwanted, SkipReason::none, SkipReason::dry_run, SkipReason::detached}) {
    const Uuid other = add("sumsub.applicantCreated");
    const Uuid kept_raw = add("kick.channel.followed", false);
    pass(skip_reason);
    EXPECT_EQ(delivery(other)["state"], "skipped");
    EXPECT_EQ(delivery(kept_raw)["state"], "skipped") << "its source is in dry-run";
  }
  EXPECT_EQ(delivery(add("sumsub.applicantCreated"))["state"], "skipped") << "before any batch passed it, too";
}

TEST_F(EventHistory, AnEventUnwantedWhenItWasPassedStaysSkipped) {
  const Uuid id = add();
  pass(SkipReason::unwanted);
  EXPECT_EQ(delivery(id)["state"], "skipped") << "it was not wanted when it was passed";
}

TEST_F(EventHistory, ACursorMovedPastAnEventSkipsIt) {
  const Uuid id = add();
  write(store::MoveCursor{"stage", *outbox_.end(), "detached: too old"});
  EXPECT_EQ(delivery(id), (json{{"target", "stage"}, {"state", "skipped (before the cursor)"}}));
}

TEST_F(EventHistory, ADeadLetterWinsOverTheBatchThatPassedIt) {
  const Uuid id = add();
  write(PutDelivery{.target = "stage",
                    .position = *outbox_.end(),
                    .event_id = id,
                    .state = PutDelivery::State::dead,
                    .attempts = 1,
                    .reason = "422"});
  pass(SkipReason::none);
  EXPECT_EQ(delivery(id)["state"], "dead");
  EXPECT_EQ(delivery(id)["reason"], "422");
}

TEST_F(EventHistory, TheRawLogIsWaitingWrittenOrDead) {
  const std::string raw_log(store::kRawLog);
  const Uuid id = add();
  EXPECT_EQ(history(id)["raw_log"]["state"], "none") << "there is no lake";
  keep_a_lake();
  EXPECT_EQ(history(id)["raw_log"]["state"], "waiting");
  pass(SkipReason::none, raw_log);
  EXPECT_EQ(history(id)["raw_log"]["state"], "written");
  write(PutDelivery{.target = raw_log,
                    .position = *outbox_.end(),
                    .event_id = id,
                    .state = PutDelivery::State::dead,
                    .attempts = 1,
                    .reason = "cannot be stored"});
  EXPECT_EQ(history(id)["raw_log"]["state"], "dead") << "the cursor passed it, the log lacks it";
  EXPECT_EQ(history(id)["raw_log"]["reason"], "cannot be stored");
}

TEST_F(EventHistory, AnUnknownIdIsNotFound) {
  const auto history = answer(Uuid{});
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().code, Code::not_found);
}

}  // namespace
}  // namespace vf::admin
