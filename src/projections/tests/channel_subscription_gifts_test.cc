#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.channel.subscription.gifts";

std::string gift_to(size_t giftees) {
  std::string list;
  for (size_t i = 1; i <= giftees; ++i) list += (i > 1 ? "," : "") + ("{\"user_id\":" + std::to_string(i) + "}");
  return R"({"broadcaster":{"user_id":7},"gifter":{"user_id":8},"created_at":"2025-01-14T16:08:06Z","giftees":[)" +
         list + "]}";
}

TEST(ChannelSubscriptionGifts, IsOneRowPerGiftee) {
  const auto rows = rows_of(event_of(kType, gift_to(3)));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(cell(rows[2], "channel_id"), integer(7));
  EXPECT_EQ(cell(rows[2], "gifter_id"), integer(8));
  EXPECT_EQ(cell(rows[2], "giftee_id"), integer(3));
  EXPECT_EQ(cell(rows[2], "expires_at"), std::nullopt);
}

TEST(ChannelSubscriptionGifts, KeepsTheNamesAtTheTimeOfTheGift) {
  const auto rows = rows_of(event_of(kType, fixture("kick/channel.subscription.gifts.json")));
  EXPECT_EQ(cell(rows.at(0), "gifter_name"), text("gifter_name"));
  EXPECT_EQ(cell(rows.at(0), "giftee_name"), text("giftee_name"));
  EXPECT_EQ(cell(rows.at(0), "expires_at"), time("2025-02-14T16:08:06Z"));
}

TEST(ChannelSubscriptionGifts, AnAnonymousGifterIsZero) {
  const auto rows = rows_of(event_of(kType, fixture("kick/channel.subscription.gifts.anonymous.json")));
  EXPECT_EQ(cell(rows.at(0), "gifter_id"), integer(0));
  EXPECT_EQ(cell(rows.at(0), "gifter_name"), kNull);
  for (const char* gifter : {"null", "{}", "{\"user_id\":0}"}) {
    const auto odd = rows_of(event_of(kType, replaced(gift_to(1), "{\"user_id\":8}", gifter)));
    EXPECT_EQ(cell(odd.at(0), "gifter_id"), integer(0)) << gifter;
  }
}

TEST(ChannelSubscriptionGifts, RefusesMoreGifteesThanTheLimit) {
  EXPECT_EQ(rows_of(event_of(kType, gift_to(kRowsPerEventMax))).size(), kRowsPerEventMax);
  EXPECT_EQ(reason_of(event_of(kType, gift_to(kRowsPerEventMax + 1))), "/giftees: more than 1000");
}

TEST(ChannelSubscriptionGifts, RefusesAGifteeWithoutId) {
  EXPECT_EQ(reason_of(event_of(kType, replaced(gift_to(2), "{\"user_id\":2}", "{}"))), "/giftees/1/user_id: missing");
  EXPECT_EQ(reason_of(event_of(kType, replaced(gift_to(1), "giftees", "others"))), "/giftees: missing");
  EXPECT_EQ(reason_of(event_of(kType, replaced(gift_to(1), "[{\"user_id\":1}]", "{}"))), "/giftees: not an array");
}

}  // namespace
}  // namespace vf::projections
