// Committer and intake over a store that records its transactions. Oracle: what the store was asked to write, and
// the answer to each caller. Scope: what is written and in which order; the stores have a conformance suite.
#include "outbox/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/identity.h"
#include "obs/services_test.h"
#include "outbox/recording_store_test.h"

namespace vf::outbox {
namespace {

using store::AddEvent;
using store::EventAdded;
using store::Write;
using store::WriteResult;
using testing::ElementsAre;

const Instant kNow = from_unix_millis(1'700'000'000'000);

AddEvent event(const std::string& message_id) {
  AddEvent add;
  add.event.source = "kick";
  add.event.message_id = message_id;
  add.event.id = event_id("kick", message_id, std::nullopt);
  return add;
}

struct Fixture : testing::Test {
  RecordingStore store;
  std::vector<PendingWrite> batch;
  std::map<int, Result<WriteResult>> answers;
  int next = 0;

  void add(Write write, Instant deadline = Instant::max()) {
    const int number = next++;
    batch.push_back({std::move(write), deadline,
                     [this, number](Result<WriteResult> result) { answers.emplace(number, std::move(result)); }});
  }
  CommitReport run() { return commit(store, std::move(batch), kNow); }
  bool duplicate(int number) { return std::get<EventAdded>(*answers.at(number)).duplicate; }
};

struct Commit : Fixture {};

TEST_F(Commit, EventsAreSortedByIdAndPrecedeOtherWrites) {
  add(store::PutSetting{"a", "1"});
  for (const auto* id : {"m3", "m1", "m2"}) add(event(id));
  add(store::PutSetting{"b", "2"});
  const auto report = run();
  ASSERT_EQ(store.transactions.size(), 1u);
  const auto& writes = store.transactions[0];
  ASSERT_EQ(writes.size(), 5u);
  EXPECT_LT(std::get<AddEvent>(writes[0]).event.id, std::get<AddEvent>(writes[1]).event.id);
  EXPECT_LT(std::get<AddEvent>(writes[1]).event.id, std::get<AddEvent>(writes[2]).event.id);
  EXPECT_EQ(std::get<store::PutSetting>(writes[3]).key, "a");
  EXPECT_EQ(std::get<store::PutSetting>(writes[4]).key, "b");
  EXPECT_EQ(report.added, 3u);
  EXPECT_EQ(answers.size(), 5u);
}

TEST_F(Commit, RepeatInABatchIsWrittenOnce) {
  add(event("m1"));
  add(event("m1"));
  add(event("m1"));
  const auto report = run();
  EXPECT_EQ(store.transactions.at(0).size(), 1u);
  EXPECT_FALSE(duplicate(0));
  EXPECT_TRUE(duplicate(1));
  EXPECT_TRUE(duplicate(2));
  EXPECT_EQ(report.added, 1u);
  EXPECT_EQ(report.duplicates, 2u);
}

TEST_F(Commit, BodyKeyFindsTheSameBodyUnderAnotherId) {
  auto one = event("m1");
  auto two = event("m2");
  one.body_key = two.body_key = std::string(32, 'k');
  one.replay_guard = two.replay_guard = Millis{600'000};
  add(std::move(one));
  add(std::move(two));
  run();
  EXPECT_EQ(store.transactions.at(0).size(), 1u);
  EXPECT_NE(duplicate(0), duplicate(1));
  EXPECT_EQ(std::get<EventAdded>(*answers.at(0)).event_id, std::get<EventAdded>(*answers.at(1)).event_id);
}

TEST_F(Commit, StoreAwayMakesEveryWriteUnavailable) {
  store.away = true;
  for (const auto* id : {"m1", "m2", "m2"}) add(event(id));
  run();
  ASSERT_EQ(answers.size(), 3u);
  for (const auto& [number, answer] : answers) EXPECT_EQ(answer.error().code, Code::unavailable) << number;
  EXPECT_EQ(store.calls, 1);
}

TEST_F(Commit, StoreFailureIsReported) {
  store.failure = internal("the role lacks a right");
  add(event("m1"));
  add(store::PutSetting{"a", "1"});
  const auto report = run();
  ASSERT_TRUE(report.store_failure);
  EXPECT_EQ(report.store_failure->code, Code::internal);
  EXPECT_EQ(report.store_failure->message, "the role lacks a right");
  EXPECT_EQ(report.failed, 2u);
}

TEST_F(Commit, RefusalOfOneWriteIsNoStoreFailure) {
  store.poison = {"m1"};
  add(event("m1"));
  add(event("m2"));
  EXPECT_FALSE(run().store_failure);
  for (const Error& refusal : {conflict("another holds stage"), not_found("there is no such run")}) {
    store.failure = refusal;
    add(store::PutSetting{"a", "1"});
    EXPECT_FALSE(run().store_failure);
  }
}

TEST_F(Commit, RefusedEventDoesNotFailTheOthers) {
  for (const bool is_named : {true, false}) {
    store = RecordingStore{};
    store.names_index = is_named;
    store.poison = {"m3", "m6"};
    answers.clear();
    batch.clear();
    next = 0;
    for (int i = 0; i < 8; ++i) add(event("m" + std::to_string(i)));
    const auto report = run();
    EXPECT_EQ(report.added, 6u);
    EXPECT_EQ(report.failed, 2u);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(answers.at(i).has_value(), i != 3 && i != 6) << i;
  }
}

TEST_F(Commit, EventPastItsDeadlineIsNotWritten) {
  add(event("late"), kNow);  // the limit: a deadline equal to now has passed
  add(event("in-time"), kNow + Millis{1});
  const auto report = run();
  EXPECT_EQ(report.expired, 1u);
  EXPECT_EQ(answers.at(0).error().code, Code::unavailable);
  EXPECT_TRUE(answers.at(1).has_value());
  EXPECT_EQ(store.transactions.at(0).size(), 1u);
}

TEST(CommitterThread, DrainCommitsWhatWaitsAndThenRefuses) {
  RecordingStore store;
  obs::TestServices around{kNow};
  Committer committer({.store = store, .services = around.services});
  std::atomic<int> answered{0};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(committer.add(event("m" + std::to_string(i)), Instant::max(), [&](auto result) {
      EXPECT_TRUE(result.has_value());
      ++answered;
    }));
  }
  committer.drain();
  EXPECT_EQ(answered, 1000);
  EXPECT_FALSE(committer.add(event("after"), Instant::max(), [](auto) { ADD_FAILURE() << "must not be called"; }));
  bool completed = false;
  committer.write(store::PutSetting{"k", "v"}, [&](auto result) {
    completed = true;
    EXPECT_EQ(result.error().code, Code::unavailable);
  });
  EXPECT_TRUE(completed);
}

class RecordingFollower final : public Follower {
 public:
  void wake(Position) override { ++woken; }
  std::atomic<int> woken{0};
};

TEST(CommitterThread, OnlyCommitsThatAddEventsWakeFollowers) {
  RecordingStore store;
  obs::TestServices around{kNow};
  Committer committer({.store = store, .services = around.services});
  RecordingFollower follower;
  committer.add_follower(follower);
  committer.write(store::PutSetting{"k", "v"}, [](auto) {});
  ASSERT_TRUE(committer.add(event("m1"), Instant::max(), [](auto) {}));
  committer.drain();
  EXPECT_EQ(follower.woken, 1);
}

TEST(CommitterThread, StoreFailureIsRecentUntilItsTimeIsOver) {
  RecordingStore store;
  obs::TestServices around{kNow};
  Committer committer({.store = store, .services = around.services});
  store.away = true;
  committer.write(store::PutSetting{"k", "v"}, [](auto) {});
  committer.drain();
  EXPECT_EQ(committer.recent_failure(), "away");
  around.clock.advance(watch::kReportedFor);
  EXPECT_EQ(committer.recent_failure(), "");
}

}  // namespace
}  // namespace vf::outbox
