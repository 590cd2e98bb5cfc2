#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.moderation.banned";

TEST(ModerationBanned, IsOneRowPerBan) {
  const auto rows = rows_of(event_of(kType, fixture("kick/moderation.banned.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "user_id"), integer(135790135));
  EXPECT_EQ(cell(rows[0], "created_at"), time("2025-01-14T16:08:05Z"));
  EXPECT_EQ(cell(rows[0], "expires_at"), time("2025-01-14T16:10:06Z"));
  EXPECT_EQ(cell(rows[0], "reason"), text("banned reason"));
  EXPECT_EQ(cell(rows[0], "moderator_id"), integer(987654321));
}

TEST(ModerationBanned, APermanentBanNeverExpires) {
  const auto rows = rows_of(event_of(kType, fixture("kick/moderation.banned.permanent.json")));
  EXPECT_EQ(cell(rows.at(0), "expires_at"), kNull);
}

TEST(ModerationBanned, RefusesAnEventWithoutItsTime) {
  const std::string body = replaced(fixture("kick/moderation.banned.json"), "\"created_at\"", "\"made_at\"");
  EXPECT_EQ(reason_of(event_of(kType, body)), "/metadata/created_at: missing");
}

}  // namespace
}  // namespace vf::projections
