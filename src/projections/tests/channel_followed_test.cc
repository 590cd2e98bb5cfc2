#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.channel.followed";

TEST(ChannelFollowed, TakesTheTimeFromTheUlid) {
  Event event = event_of(kType, fixture("kick/channel.followed.json"), at("2025-01-14T16:08:06.789Z"));
  event.time = at("2025-01-14T16:08:06Z");  // the header's whole second
  const auto rows = rows_of(event);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "channel_followers");
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "follower_id"), integer(987654321));
  EXPECT_EQ(cell(rows[0], "first_seen_at"), time("2025-01-14T16:08:06.789Z"));
}

TEST(ChannelFollowed, ALaterCopyChangesOnlyUpdatedAt) {
  const std::string body = fixture("kick/channel.followed.json");
  Fold fold;
  fold.add(event_of(kType, body, at("2025-01-14T16:08:09Z"), 2));
  fold.add(event_of(kType, body, at("2025-01-14T16:08:06Z"), 1));
  EXPECT_EQ(cell(*fold.find("channel_followers"), "first_seen_at"), time("2025-01-14T16:08:06Z"));
  EXPECT_EQ(cell(*fold.find("channel_followers"), "updated_at"), time("2025-01-14T16:08:09Z"));
}

TEST(ChannelFollowed, AcceptsAFollowWithoutATime) {
  Event event = event_of(kType, fixture("kick/channel.followed.json"));
  event.message_id.clear();
  event.time = Instant{};
  EXPECT_EQ(cell(rows_of(event).at(0), "first_seen_at"), std::nullopt);
}

TEST(ChannelFollowed, TakesIdsWrittenAsText) {
  const std::string body = replaced(fixture("kick/channel.followed.json"), "987654321", "\"987654321\"");
  EXPECT_EQ(cell(rows_of(event_of(kType, body)).at(0), "follower_id"), integer(987654321));
}

TEST(ChannelFollowed, RefusesAnEventWithoutFollower) {
  const std::string body = replaced(fixture("kick/channel.followed.json"), "\"follower\"", "\"other\"");
  EXPECT_EQ(reason_of(event_of(kType, body)), "/follower/user_id: missing");
  const std::string zero = replaced(fixture("kick/channel.followed.json"), "987654321", "0");
  EXPECT_EQ(reason_of(event_of(kType, zero)), "/follower/user_id: not a positive integer");
}

}  // namespace
}  // namespace vf::projections
