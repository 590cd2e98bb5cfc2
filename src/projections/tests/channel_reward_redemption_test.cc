#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.channel.reward.redemption.updated";

std::string with_status(std::string_view status) {
  return replaced(fixture("kick/channel.reward.redemption.updated.json"), "rejected", status);
}

TEST(ChannelRewardRedemption, IsOneRowPerRedemption) {
  const auto rows = rows_of(event_of(kType, fixture("kick/channel.reward.redemption.updated.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(cell(rows[0], "redemption_id"), text("01KBHE78QE4HZY1617DK5FC7YD"));
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(333));
  EXPECT_EQ(cell(rows[0], "redeemer_id"), integer(123));
  EXPECT_EQ(cell(rows[0], "reward_title"), text("Uban Request"));
  EXPECT_EQ(cell(rows[0], "cost"), integer(1000));
  EXPECT_EQ(cell(rows[0], "redeemed_at"), time("2025-12-02T22:54:19.323Z"));
  EXPECT_EQ(cell(rows[0], "status"), text("rejected"));
}

TEST(ChannelRewardRedemption, ALatePendingDoesNotReplaceADecision) {
  Fold fold;
  fold.add(event_of(kType, with_status("accepted"), at("2025-12-02T22:55:00Z"), 1));
  fold.add(event_of(kType, with_status("pending"), at("2025-12-02T23:55:00Z"), 2));
  ASSERT_EQ(fold.size(), 1u);
  EXPECT_EQ(cell(*fold.find("reward_redemptions"), "status"), text("accepted"));
}

TEST(ChannelRewardRedemption, TheDecisionSentLastWins) {
  Fold fold;
  fold.add(event_of(kType, with_status("rejected"), at("2025-12-02T22:55:01Z"), 2));
  fold.add(event_of(kType, with_status("accepted"), at("2025-12-02T22:55:00Z"), 1));
  EXPECT_EQ(cell(*fold.find("reward_redemptions"), "status"), text("rejected"));
}

TEST(ChannelRewardRedemption, WithoutRedeemedAtItsUlidGivesTheTime) {
  const std::string body = replaced(with_status("pending"), "\"redeemed_at\"", "\"was_at\"");
  const auto rows = rows_of(event_of(kType, body));
  EXPECT_EQ(rows.at(0).stamps.at(0).at, time_inside("01KBHE78QE4HZY1617DK5FC7YD"));
  EXPECT_EQ(cell(rows.at(0), "redeemed_at"), std::nullopt);
}

TEST(ChannelRewardRedemption, RefusesAnEventWithoutId) {
  const std::string body = replaced(with_status("pending"), "01KBHE78QE4HZY1617DK5FC7YD", "");
  EXPECT_EQ(reason_of(event_of(kType, body)), "/id: empty");
}

}  // namespace
}  // namespace vf::projections
