#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

constexpr const char* kType = "kick.chat.message.sent";

TEST(ChatMessageSent, IsOneRowPerChannelSenderAndDay) {
  const auto rows = rows_of(event_of(kType, fixture("kick/chat.message.sent.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "chat_activity");
  EXPECT_EQ(cell(rows[0], "channel_id"), integer(123456789));
  EXPECT_EQ(cell(rows[0], "sender_id"), integer(987654321));
  EXPECT_EQ(cell(rows[0], "day"), text("2025-01-14"));
  EXPECT_EQ(cell(rows[0], "first_message_at"), time("2025-01-14T16:08:06Z"));
  EXPECT_EQ(cell(rows[0], "last_message_at"), time("2025-01-14T16:08:06Z"));
  EXPECT_EQ(cell(rows[0], "sender_name"), text("sender_name"));
}

TEST(ChatMessageSent, CutsNanosecondsToMilliseconds) {
  const auto rows = rows_of(event_of(kType, fixture("kick-real/unsigned/chat.message.sent.reply.2025-08-20.json")));
  EXPECT_EQ(cell(rows.at(0), "last_message_at"), time("2025-08-20T07:05:42.561Z"));
}

TEST(ChatMessageSent, WithoutCreatedAtSendTimeGivesDayAndFirstMessage) {
  const Instant sent = at("2025-05-22T18:41:33.777Z");
  const auto rows = rows_of(event_of(kType, fixture("kick-real/chat.message.sent.2025-05-22.body"), sent));
  EXPECT_EQ(cell(rows.at(0), "sender_id"), integer(48882306));
  EXPECT_EQ(cell(rows.at(0), "day"), text("2025-05-22"));
  EXPECT_EQ(cell(rows.at(0), "first_message_at"), time("2025-05-22T18:41:33.777Z"));
  EXPECT_EQ(cell(rows.at(0), "last_message_at"), std::nullopt);
  EXPECT_EQ(rows.at(0).stamps.at(0).at, sent);
}

TEST(ChatMessageSent, ACreatedAtThatIsNoTimeCountsAsMissing) {
  const std::string body = fixture("kick/chat.message.sent.plain.json");
  for (const char* odd : {"", "0001-01-01T00:00:00Z", "2025-13-14T16:08:06Z"}) {
    const auto rows = rows_of(event_of(kType, replaced(body, "2025-01-14T16:08:06Z", odd)));
    EXPECT_EQ(cell(rows.at(0), "day"), text("2025-01-14")) << odd;
    EXPECT_EQ(cell(rows.at(0), "first_message_at"), time("2025-01-14T16:08:07.123Z")) << odd;
    EXPECT_EQ(cell(rows.at(0), "last_message_at"), std::nullopt) << odd;
  }
}

TEST(ChatMessageSent, WithoutAnyTimeThereIsNoDayForTheKey) {
  Event event = event_of(kType, fixture("kick-real/chat.message.sent.2025-05-22.body"));
  event.message_id = "m1";
  event.time = Instant{};
  EXPECT_EQ(reason_of(event), "/created_at: missing");
}

TEST(ChatMessageSent, TheLatestNameWins) {
  const std::string body = fixture("kick/chat.message.sent.plain.json");
  const std::string later = replaced(replaced(body, "\"sender_name\"", "\"renamed\""), "16:08:06Z", "16:08:07Z");
  Fold fold;
  fold.add(event_of(kType, later, at("2025-01-14T16:08:08Z"), 1));
  fold.add(event_of(kType, body, at("2025-01-14T16:09:00Z"), 2));  // older message, sent later
  ASSERT_EQ(fold.size(), 1u);
  EXPECT_EQ(cell(*fold.find("chat_activity"), "sender_name"), text("renamed"));
  EXPECT_EQ(cell(*fold.find("chat_activity"), "first_message_at"), time("2025-01-14T16:08:06Z"));
  EXPECT_EQ(cell(*fold.find("chat_activity"), "last_message_at"), time("2025-01-14T16:08:07Z"));
}

TEST(ChatMessageSent, TheDayIsUtc) {
  const std::string body =
      replaced(fixture("kick/chat.message.sent.json"), "2025-01-14T16:08:06Z", "2025-01-15T01:00:00.000000001+02:00");
  EXPECT_EQ(cell(rows_of(event_of(kType, body)).at(0), "day"), text("2025-01-14"));
}

TEST(ChatMessageSent, RefusesAnEventWithoutItsKey) {
  const std::string body = fixture("kick/chat.message.sent.plain.json");
  EXPECT_EQ(reason_of(event_of(kType, replaced(body, "123456789", "null"))), "/broadcaster/user_id: null");
  EXPECT_EQ(reason_of(event_of(kType, replaced(body, "987654321", "\"x\""))), "/sender/user_id: not an integer");
  EXPECT_EQ(reason_of(event_of(kType, R"({"broadcaster":{}})")), "/broadcaster/user_id: missing");
}

}  // namespace
}  // namespace vf::projections
