#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.livestream.metadata.updated";

TEST(LivestreamMetadataUpdated, HasTitleCategoryAndLanguage) {
  const auto rows = rows_of(event_of(kType, fixture("kick/livestream.metadata.updated.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "channels");
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "slug"), text("broadcaster_channel"));
  EXPECT_EQ(cell(rows[0], "title"), text("Stream Title"));
  EXPECT_EQ(cell(rows[0], "category_id"), integer(123));
  EXPECT_EQ(cell(rows[0], "category_name"), text("Category name"));
  EXPECT_EQ(cell(rows[0], "language"), text("en"));
}

TEST(LivestreamMetadataUpdated, AcceptsCategoryWithACapital) {
  const auto rows =
      rows_of(event_of(kType, fixture("kick-real/unsigned/livestream.metadata.updated.capital-category.json")));
  EXPECT_EQ(cell(rows.at(0), "category_name"), text("Just Chatting"));
}

TEST(LivestreamMetadataUpdated, TheMessageSentLastReplacesAllUntilAPoll) {
  const std::string body = fixture("kick/livestream.metadata.updated.json");
  Fold fold;
  fold.add(event_of(kType, replaced(body, "\"en\"", "null"), at("2025-01-14T16:00:02Z"), 2));
  fold.add(event_of(kType, replaced(body, "Stream Title", "older"), at("2025-01-14T16:00:01Z"), 1));
  EXPECT_EQ(cell(*fold.find("channels"), "title"), text("Stream Title"));
  EXPECT_EQ(cell(*fold.find("channels"), "language"), kNull);
  fold.add(event_of("kick.viewers.sampled",
                    R"({"broadcaster_user_id":123456789,"live":true,"title":"polled","language":"fr",
                        "sampled_at":"2025-01-14T16:01:00Z"})"));
  EXPECT_EQ(cell(*fold.find("channels"), "title"), text("polled"));
  EXPECT_EQ(cell(*fold.find("channels"), "language"), text("fr"));
}

TEST(LivestreamMetadataUpdated, AnOddCategoryDoesNotHideTheOtherOne) {
  for (const char* odd : {"null", "\"\"", "[]", "5"}) {
    const std::string body = std::string(R"({"broadcaster":{"user_id":1},"metadata":{"title":"t","category":)") + odd +
                             R"(,"Category":{"id":5,"name":"Chess"}}})";
    EXPECT_EQ(cell(rows_of(event_of(kType, body)).at(0), "category_name"), text("Chess")) << odd;
  }
}

TEST(LivestreamMetadataUpdated, RefusesAnEventWithoutMetadata) {
  const std::string body = replaced(fixture("kick/livestream.metadata.updated.json"), "\"metadata\"", "\"other\"");
  EXPECT_EQ(reason_of(event_of(kType, body)), "/metadata: missing");
}

}  // namespace
}  // namespace vf::projections
