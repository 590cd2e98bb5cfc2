#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kBody =
    R"({"user_id":"44196397","username":"name","followers_count":1234,"sampled_at":"2025-01-14T16:08:06.500Z"})";

TEST(XFollowersSampled, IsOneRowPerProfileAndMinute) {
  const auto rows = rows_of(event_of("x.followers.sampled", kBody));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(cell(rows[0], "user_id"), text("44196397"));
  EXPECT_EQ(cell(rows[0], "minute"), time("2025-01-14T16:08:00Z"));
  EXPECT_EQ(cell(rows[0], "username"), text("name"));
  EXPECT_EQ(cell(rows[0], "followers_count"), integer(1234));
}

TEST(XFollowersSampled, TakesAnIdWrittenAsNumber) {
  EXPECT_EQ(
      cell(rows_of(event_of("x.followers.sampled", replaced(kBody, "\"44196397\"", "44196397"))).at(0), "user_id"),
      text("44196397"));
}

TEST(XFollowersSampled, RefusesASampleWithoutProfile) {
  EXPECT_EQ(reason_of(event_of("x.followers.sampled", replaced(kBody, "user_id", "id"))), "/user_id: missing");
}

}  // namespace
}  // namespace vf::projections
