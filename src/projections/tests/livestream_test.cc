// livestream.status.updated and viewers.sampled, which fill the same tables.
#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kStatus = "kick.livestream.status.updated";
constexpr const char* kSample = "kick.viewers.sampled";

std::string sample(std::string_view live, std::string_view at) {
  return R"({"broadcaster_user_id":123456789,"slug":"slug","viewer_count":42,"live":)" + std::string(live) +
         R"(,"stream_started_at":"2025-01-01T00:00:00Z","title":"polled","category":{"id":5,"name":"Chess"},)" +
         R"("language":"de","sampled_at":")" + std::string(at) + "\"}";
}

TEST(LivestreamStatusUpdated, AStartOpensAStreamInUtc) {
  const auto rows = rows_of(event_of(kStatus, fixture("kick/livestream.status.updated.started.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "started_at"), time("2025-01-01T00:00:00Z"));
  EXPECT_EQ(cell(rows[0], "title"), text("Stream Title"));
  EXPECT_EQ(cell(rows[0], "ended_at"), std::nullopt);
}

TEST(LivestreamStatusUpdated, ALateStartDoesNotEraseTheEnd) {
  Fold fold;
  fold.add(event_of(kStatus, fixture("kick/livestream.status.updated.ended.json"), at("2025-01-01T04:00:01Z"), 1));
  fold.add(event_of(kStatus, fixture("kick/livestream.status.updated.started.json"), at("2025-01-01T09:00:00Z"), 2));
  ASSERT_EQ(fold.size(), 1u);
  EXPECT_EQ(cell(*fold.find("livestreams"), "ended_at"), time("2025-01-01T04:00:00Z"));
}

TEST(LivestreamStatusUpdated, RefusesAnEndWithoutItsTime) {
  const std::string body = fixture("kick/livestream.status.updated.started.json");
  EXPECT_EQ(reason_of(event_of(kStatus, replaced(body, "\"is_live\": true", "\"is_live\": false"))), "/ended_at: null");
  EXPECT_EQ(reason_of(event_of(kStatus, replaced(body, "2025-01-01T11:00:00+11:00", ""))), "/started_at: not a time");
}

TEST(LivestreamStatusUpdated, TheZeroTimeIsNoEnd) {
  const std::string body = fixture("kick/livestream.status.updated.started.json");
  for (const char* none : {"null", "\"\"", "\"0001-01-01T00:00:00Z\"", "{}"}) {
    const std::string odd = body.substr(0, body.rfind('}')) + ",\"ended_at\":" + none + "}";
    EXPECT_EQ(cell(rows_of(event_of(kStatus, odd)).at(0), "ended_at"), std::nullopt) << none;
  }
}

// Kick's API gives the zero time as the start of a channel that is offline.
TEST(ViewersSampled, TheZeroTimeMakesNoStream) {
  const auto rows = rows_of(event_of(
      kSample, replaced(sample("false", "2025-01-01T04:01:00Z"), "2025-01-01T00:00:00Z", "0001-01-01T00:00:00Z")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "viewer_samples");
  EXPECT_EQ(cell(rows[0], "stream_started_at"), kNull);
}

TEST(ViewersSampled, IsOneRowPerChannelAndMinute) {
  Fold fold;
  fold.add(event_of(kSample, sample("true", "2025-01-01T01:00:59.900Z"), at("2025-01-01T01:01:00Z"), 2));
  fold.add(event_of(kSample, replaced(sample("true", "2025-01-01T01:00:01.100Z"), "42", "41"),
                    at("2025-01-01T01:00:02Z"), 1));
  const auto& row = *fold.find("viewer_samples");
  EXPECT_EQ(cell(row, "minute"), time("2025-01-01T01:00:00Z"));
  EXPECT_EQ(cell(row, "viewer_count"), integer(41));  // the first of the minute
  EXPECT_EQ(cell(row, "live"), flag(true));
  EXPECT_EQ(cell(row, "category_name"), text("Chess"));
  EXPECT_EQ(fold.size(), 3u);  // the sample, the channel, the stream
}

TEST(ViewersSampled, ALiveSampleReplacesALostStart) {
  Fold fold;
  fold.add(event_of(kSample, sample("true", "2025-01-01T01:00:00Z")));
  EXPECT_EQ(cell(*fold.find("livestreams"), "started_at"), time("2025-01-01T00:00:00Z"));
  EXPECT_EQ(cell(*fold.find("livestreams"), "seen_live_at"), time("2025-01-01T01:00:00Z"));
  EXPECT_EQ(cell(*fold.find("livestreams"), "title"), std::nullopt);
}

TEST(ViewersSampled, AProvidersEndBeatsOneFoundByAPoll) {
  const Event sent = event_of(kStatus, fixture("kick/livestream.status.updated.ended.json"));
  const Event found = event_of(kSample, sample("false", "2025-01-01T04:01:00Z"));
  Fold fold;
  fold.add(found);
  EXPECT_EQ(cell(*fold.find("livestreams"), "ended_at"), time("2025-01-01T04:01:00Z"));
  fold.add(sent);
  fold.add(found);
  EXPECT_EQ(cell(*fold.find("livestreams"), "ended_at"), time("2025-01-01T04:00:00Z"));
}

TEST(ViewersSampled, AnOfflineSampleHasNoTitleAndCategory) {
  const auto rows = rows_of(event_of(kSample, R"({"broadcaster_user_id":1,"slug":"s","viewer_count":0,"live":false,
      "stream_started_at":null,"title":"","category":null,"language":null,"sampled_at":"2025-01-01T04:01:00Z"})"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "viewer_samples");
  EXPECT_EQ(cell(rows[0], "live"), flag(false));
}

TEST(ViewersSampled, RefusesASampleWithoutChannelOrTime) {
  EXPECT_EQ(reason_of(event_of(kSample, replaced(sample("true", "2025-01-01T01:00:00Z"), "sampled_at", "at"))),
            "/sampled_at: missing");
  EXPECT_EQ(reason_of(event_of(kSample, replaced(sample("true", "2025-01-01T01:00:00Z"), "123456789", "-1"))),
            "/broadcaster_user_id: not a positive integer");
}

}  // namespace
}  // namespace vf::projections
