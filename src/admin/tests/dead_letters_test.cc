// The list of dead letters and its pages, over the outbox in memory. Oracle: the rows that the test wrote. Scope:
// list_dead(); the API around it is tested in api_test.cc and tests/e2e/test_admin.py.
#include "admin/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/tests/fake_operations_test.h"
#include "event/identity.h"
#include "store/memory/outbox.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using State = store::PutDelivery::State;

const Instant kNow = from_unix_millis(1'795'000'000'000);

class DeadLetterList : public testing::Test {
 protected:
  DeadLetterList() {
    for (const char* name : {"stage", "partner"}) operations_.add_target(name);
  }
  /// Adds an event and a row about it; the row's reason is `label`.
  void add(const std::string& consumer, const std::string& label, State state = State::dead) {
    store::AddEvent add;
    add.event.source = "kick";
    add.event.type = "kick.channel.followed";
    add.event.message_id = std::to_string(++added_);
    add.event.id = event_id("kick", add.event.message_id, std::nullopt);
    add.event.body = add.event.headers = "{}";
    ASSERT_TRUE(outbox_.write(std::vector<store::Write>{add}, kNow, nullptr));
    store::PutDelivery row;
    row.target = consumer;
    row.position = *outbox_.end();
    row.event_id = add.event.id;
    row.state = state;
    row.reason = label;
    ASSERT_TRUE(outbox_.write(std::vector<store::Write>{row}, kNow, nullptr));
  }
  json page(const DeadFilter& filter) {
    auto list = list_dead(hub_, filter);
    EXPECT_TRUE(list);
    return list.value_or(json());
  }
  static std::vector<std::string> labels(const json& page) {
    std::vector<std::string> found;
    for (const auto& row : page["dead"]) found.push_back(row["reason"]);
    return found;
  }

  store::memory::MemoryOutbox outbox_;
  ManualClock clock_{kNow};
  FakeOperations operations_;
  Hub hub_{.outbox = outbox_, .operations = operations_, .clock = clock_};
  int added_ = 0;
};

TEST_F(DeadLetterList, UnknownTargetIsAnErrorThatNamesTheKnownOnes) {
  for (const char* known : {"stage", "partner", "raw-log"}) EXPECT_TRUE(list_dead(hub_, {.target = known})) << known;
  const auto refused = list_dead(hub_, {.target = "sateg"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_EQ(refused.error().message, "no target is called sateg; the targets are: stage, partner");
}

TEST_F(DeadLetterList, EveryPageSizeGivesEachRowOnce) {
  add("stage", "s1");
  add("partner", "p1");
  add(std::string(store::kRawLog), "r1");
  add("stage", "waits", State::retry);
  add("stage", "s2");
  add("partner", "p2");
  add("removed", "of a target that is no longer configured");
  for (size_t size = 1; size <= 6; ++size) {
    std::vector<std::string> found;
    DeadFilter filter{.rows_max = size};
    for (bool more = true; more;) {
      const json one = page(filter);
      EXPECT_LE(one["dead"].size(), size);
      for (const auto& label : labels(one)) found.push_back(label);
      more = !one["next"].is_null();
      if (more) filter.after = DeadCursor::parse(one["next"].get<std::string>());
      ASSERT_TRUE(!more || filter.after);
      ASSERT_LE(found.size(), 5u) << "the pages do not end";
    }
    EXPECT_THAT(found, ElementsAre("p1", "p2", "r1", "s1", "s2")) << size;
  }
}

TEST_F(DeadLetterList, PageThatHoldsTheLastRowIsTheLast) {
  add("stage", "s1");
  add("stage", "s2");
  add("stage", "waits", State::retry);
  EXPECT_TRUE(page({.rows_max = 2})["next"].is_null());
  EXPECT_FALSE(page({.rows_max = 1})["next"].is_null());
}

TEST_F(DeadLetterList, MoreRowsThanAreReadAtOnce) {
  for (int i = 0; i < 1'001; ++i) add("stage", "waits", State::retry);
  add("stage", "dead behind them");
  EXPECT_THAT(labels(page({})), ElementsAre("dead behind them"));
  EXPECT_EQ(page({.waiting = true, .rows_max = 2'000})["dead"].size(), 1'001u);
}

TEST_F(DeadLetterList, FiltersByTargetAndState) {
  add("stage", "s1");
  add("partner", "p1");
  add("partner", "waits", State::retry);
  EXPECT_THAT(labels(page({.target = "partner"})), ElementsAre("p1"));
  EXPECT_THAT(labels(page({.target = "partner", .waiting = true})), ElementsAre("waits"));
}

TEST_F(DeadLetterList, ContinuesWhenTheTargetOfTheLastRowIsGone) {
  add("partner", "p1");
  add("stage", "s1");
  EXPECT_THAT(labels(page({.after = DeadCursor{.consumer = "quitted", .position = {}}})), ElementsAre("s1"));
}

TEST(DeadCursor, TextIsReadBackAndOtherTextIsRefused) {
  const DeadCursor cursor{.consumer = "a/b", .position = {.seq = 42}};
  const auto read = DeadCursor::parse(cursor.to_string());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->consumer, "a/b");
  EXPECT_EQ(read->position, cursor.position);
  for (const char* text : {"", "/", "stage", "stage/", "stage/x",
                           "/"
                           "00000000000000000042"}) {
    EXPECT_FALSE(DeadCursor::parse(text)) << text;
  }
}

}  // namespace
}  // namespace vf::admin
