// What an operator does with dead letters, over the model store.
#include "outbox/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::outbox {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kNow{Millis{1'790'000'000'123}};

struct DeadLettersTest : testing::Test {
  store::memory::MemoryOutbox outbox;
  ManualClock clock{kNow};
  FunctionWriter writer{
      [this](const store::Write& write, OnWritten done) { done(outbox.write({&write, 1}, kNow, nullptr)->front()); }};
  DeadLetters letters{outbox, writer, clock};
  std::optional<Result<void>> completed;
  Uuid id{.bytes = {1}};

  void SetUp() override {
    put(store::StartConsumer{"stage"});
    put(store::PutDelivery{.target = "stage",
                           .position = add(id),
                           .event_id = id,
                           .state = store::PutDelivery::State::dead,
                           .attempts = 3,
                           .reason = "422",
                           .first_failed_at = kNow - Millis{5}});
  }
  void put(store::Write write) { ASSERT_TRUE(outbox.write({&write, 1}, kNow, nullptr)); }
  auto completion() {
    return [this](Result<void> result) { completed = result; };
  }
  // Stores an event and returns its position.
  Position add(Uuid event_id, bool fan_out = true) {
    store::AddEvent add;
    add.event.id = event_id;
    add.fan_out = fan_out;
    put(add);
    return outbox.find(event_id).value()->event.position;
  }
  std::string refusal_of_put(const std::string& consumer, Uuid which) {
    letters.put(consumer, which, completion());
    if (completed->has_value()) return "none";
    EXPECT_EQ(completed->error().code, Code::not_found);
    return completed->error().message;
  }
  std::vector<store::PutDelivery> dead() {
    return outbox.deliveries("stage", store::PutDelivery::State::dead, 10).value();
  }
};

TEST_F(DeadLettersTest, RetryIsDueAtOnceWithoutAttempts) {
  letters.retry("stage", id, completion());
  EXPECT_TRUE(completed->has_value());
  EXPECT_THAT(dead(), IsEmpty());
  const auto due = outbox.deliveries("stage", store::PutDelivery::State::retry, 10).value();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].attempts, 0);
  EXPECT_EQ(due[0].next_attempt_at, kNow);
  EXPECT_EQ(due[0].reason, "422");
  EXPECT_THAT(outbox.revived("stage", 10).value(), SizeIs(1));
}

TEST_F(DeadLettersTest, PutSetsAsideAnEventThatWaitsForItsRetry) {
  letters.retry("stage", id, completion());
  store::PutDelivery waiting = outbox.deliveries_of(id).value().at(0);
  waiting.attempts = 7;
  waiting.first_failed_at = kNow;
  put(waiting);
  letters.put("stage", id, completion());
  EXPECT_TRUE(completed->has_value());
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_EQ(dead()[0].reason, "set aside by an operator; last: 422");
  EXPECT_EQ(dead()[0].attempts, 7);
  EXPECT_EQ(dead()[0].first_failed_at, kNow);
}

TEST_F(DeadLettersTest, PutSetsAsideAnEventAfterTheCursor) {
  const Uuid second{.bytes = {2}};
  const Position position = add(second);
  letters.put("stage", second, completion());
  EXPECT_TRUE(completed->has_value());
  ASSERT_THAT(dead(), SizeIs(2));
  EXPECT_EQ(dead()[1].event_id, second);
  EXPECT_EQ(dead()[1].position, position);
  EXPECT_EQ(dead()[1].attempts, 0);
  EXPECT_EQ(dead()[1].reason, "set aside by an operator; no failed attempt was recorded");
}

TEST_F(DeadLettersTest, PutOfAnEventThatDoesNotWaitSaysWhy) {
  EXPECT_EQ(refusal_of_put("stage", id),
            "stage does not wait for event " + id.to_string() + ": it is a dead letter already");
  EXPECT_THAT(refusal_of_put("stage", Uuid{.bytes = {9}}), HasSubstr("no event with this id was received"));
  const Uuid second{.bytes = {2}};
  const Position position = add(second);
  EXPECT_THAT(refusal_of_put("production", second), HasSubstr("has not begun"));
  put(store::AdvanceCursor{.consumer = "stage", .from = {}, .to = position});
  EXPECT_THAT(refusal_of_put("stage", second), HasSubstr("it was delivered, or skipped"));
  const Uuid unsent{.bytes = {3}};
  add(unsent, false);
  EXPECT_THAT(refusal_of_put("stage", unsent), HasSubstr("dry-run"));
  put(store::RetentionStep{.outbox_before = kNow + Millis{1}, .held_by = {}});
  EXPECT_THAT(refusal_of_put("stage", second), HasSubstr("retention has removed it"));
}

TEST_F(DeadLettersTest, RetryAndDropReachAnEventWhoseOutboxRowIsGone) {
  put(store::RetentionStep{.outbox_before = kNow + Millis{1}, .held_by = {}});
  letters.retry("stage", id, completion());
  EXPECT_TRUE(completed->has_value());
  EXPECT_THAT(outbox.revived("stage", 10).value(), SizeIs(1));
  EXPECT_TRUE(outbox.find(id).value().has_value());
  letters.put("stage", id, completion());
  letters.drop("stage", id, completion());
  EXPECT_FALSE(outbox.find(id).value().has_value());
}

TEST_F(DeadLettersTest, DropRemovesIt) {
  letters.drop("stage", id, completion());
  EXPECT_TRUE(completed->has_value());
  EXPECT_THAT(outbox.deliveries_of(id).value(), IsEmpty());
}

TEST_F(DeadLettersTest, UnknownLetterIsNotFound) {
  const auto expect_not_found = [this](const std::string& consumer, Uuid which) {
    letters.retry(consumer, which, completion());
    EXPECT_EQ(completed->error().code, Code::not_found);
    letters.drop(consumer, which, completion());
    EXPECT_EQ(completed->error().code, Code::not_found);
    EXPECT_THAT(completed->error().message, HasSubstr(consumer));
  };
  expect_not_found("production", id);
  expect_not_found("stage", Uuid{.bytes = {2}});
  letters.retry("stage", id, completion());
  expect_not_found("stage", id);  // it waits for its retry
}

}  // namespace
}  // namespace vf::outbox
