#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.kicks.gifted";

TEST(KicksGifted, IsOneRowPerGift) {
  const auto rows = rows_of(event_of(kType, fixture("kick/kicks.gifted.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "sender_id"), integer(987654321));
  EXPECT_EQ(cell(rows[0], "created_at"), time("2025-10-20T04:00:08.634Z"));
  EXPECT_EQ(cell(rows[0], "type"), text("LEVEL_UP"));
  EXPECT_EQ(cell(rows[0], "amount"), integer(500));
  EXPECT_EQ(cell(rows[0], "name"), text("Rage Quit"));
  EXPECT_EQ(cell(rows[0], "pinned_seconds"), integer(600));
}

TEST(KicksGifted, AmountDistinguishesGiftsOfOneMillisecond) {
  const std::string body = fixture("kick/kicks.gifted.json");
  Fold fold;
  fold.add(event_of(kType, body));
  fold.add(event_of(kType, replaced(body, "500", "501")));
  EXPECT_EQ(fold.size(), 2u);
}

TEST(KicksGifted, AcceptsTheOlderFormatWithoutPin) {
  const std::string body = replaced(fixture("kick/kicks.gifted.json"), "\"pinned_time_seconds\"", "\"other\"");
  EXPECT_EQ(cell(rows_of(event_of(kType, body)).at(0), "pinned_seconds"), std::nullopt);
}

TEST(KicksGifted, RefusesAnEventWithoutAmount) {
  const std::string body = replaced(fixture("kick/kicks.gifted.json"), "\"amount\": 500", "\"amount\": 1.5");
  EXPECT_EQ(reason_of(event_of(kType, body)), "/gift/amount: not an integer");
}

}  // namespace
}  // namespace vf::projections
