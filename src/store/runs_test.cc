// Texts of runs: names of states, counts as JSON. The rules of the writes are tested by tests/conformance on every
// driver.
#include "store/runs.h"

#include <gtest/gtest.h>

#include "store/run_rules.h"

namespace vf::store {
namespace {

constexpr Instant kNow{Millis{1'790'000'000'123}};

TEST(RunStates, EveryNameIsRead) {
  for (const RunState state : {RunState::waiting, RunState::running, RunState::done, RunState::failed,
                               RunState::stopped, RunState::timeout, RunState::lost}) {
    EXPECT_EQ(parse_run_state(to_string(state)), state);
  }
  EXPECT_EQ(parse_run_state("Done"), std::nullopt);
  EXPECT_EQ(parse_run_state(""), std::nullopt);
}

TEST(RunCountsText, CountsAreTheSameAfterJson) {
  const RunCounts counts{{"", 0}, {"removed", -3}, {"line\nof \"text\"", INT64_MAX}, {"é", INT64_MIN}};
  EXPECT_EQ(parse_run_counts(to_json(counts)), counts);
  EXPECT_EQ(to_json({}), "{}");
  EXPECT_EQ(to_json({{"b", 2}, {"a", 1}}), R"({"a":1,"b":2})");
}

TEST(RunCountsText, OtherTextGivesNoCounts) {
  for (const char* text : {"", "{", "[1]", "7", "null", R"({"a":"1"})", R"({"a":1.5})"}) {
    EXPECT_TRUE(parse_run_counts(text).empty()) << text;
  }
  EXPECT_EQ(parse_run_counts(R"({"a":null,"b":2})"), (RunCounts{{"b", 2}}));
}

TEST(RunClaims, ExpireAtTheirEndAndWhenAClockAheadHasWrittenThem) {
  const Millis span{1000};
  RunRow row;
  row.renewed_at = kNow;
  row.lease_until = kNow + span;
  EXPECT_FALSE(is_expired(row, kNow));
  EXPECT_FALSE(is_expired(row, kNow + span - Millis{1}));
  EXPECT_TRUE(is_expired(row, kNow + span));
  EXPECT_FALSE(is_expired(row, kNow - 9 * span));
  EXPECT_TRUE(is_expired(row, kNow - 9 * span - Millis{1}));
}

}  // namespace
}  // namespace vf::store
