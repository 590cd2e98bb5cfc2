#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

TEST(ChannelSubscription, IsOneRowPerPaidSpan) {
  Fold fold;
  fold.add(event_of("kick.channel.subscription.new", fixture("kick/channel.subscription.new.json")));
  fold.add(event_of("kick.channel.subscription.renewal", fixture("kick/channel.subscription.renewal.json")));
  ASSERT_EQ(fold.size(), 2u);
  const auto& row = *fold.find("subscriptions");
  EXPECT_EQ(cell(row, "subscriber_id"), integer(987654321));
  EXPECT_EQ(cell(row, "kind"), text("new"));
  EXPECT_EQ(cell(row, "created_at"), time("2025-01-14T16:08:06Z"));
  EXPECT_EQ(cell(row, "duration"), integer(1));
  EXPECT_EQ(cell(row, "expires_at"), time("2025-02-14T16:08:06Z"));
}

TEST(ChannelSubscription, PrecisionOfCreatedAtMakesNoSecondRow) {
  const std::string body = fixture("kick/channel.subscription.new.json");
  Fold fold;
  fold.add(event_of("kick.channel.subscription.new", body));
  fold.add(event_of("kick.channel.subscription.new", replaced(body, "14T16:08:06Z", "14T18:08:06.561408909+02:00")));
  EXPECT_EQ(fold.size(), 1u);
}

TEST(ChannelSubscription, RefusesAnEventWithoutItsKey) {
  const std::string body = fixture("kick/channel.subscription.renewal.json");
  const auto reason = [&](std::string_view from, std::string_view to) {
    return reason_of(event_of("kick.channel.subscription.renewal", replaced(body, from, to)));
  };
  EXPECT_EQ(reason("\"duration\": 3", "\"duration\": null"), "/duration: null");
  EXPECT_EQ(reason("\"created_at\"", "\"made_at\""), "/created_at: missing");
  EXPECT_EQ(reason("\"subscriber\"", "\"buyer\""), "/subscriber/user_id: missing");
}

}  // namespace
}  // namespace vf::projections
