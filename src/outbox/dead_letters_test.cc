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
    store::AddEvent add;
    add.event.id = id;
    put(add);
    put(store::PutDelivery{
        .target = "stage", .event_id = id, .state = store::PutDelivery::State::dead, .attempts = 3, .reason = "422"});
  }
  void put(store::Write write) { ASSERT_TRUE(outbox.write({&write, 1}, kNow, nullptr)); }
  auto completion() {
    return [this](Result<void> result) { completed = result; };
  }
  std::vector<store::PutDelivery> dead() {
    return outbox.deliveries("stage", store::PutDelivery::State::dead, 10).value();
  }
};

TEST_F(DeadLettersTest, RetryIsDueAtOnceWithoutAttempts) {
  letters.retry("stage", id, completion());
  EXPECT_TRUE(completed->has_value());
  EXPECT_THAT(dead(), IsEmpty());
  const auto due = outbox.due_retries("stage", kNow, 10).value();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].attempts, 0);
  EXPECT_EQ(due[0].reason, "422");
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
