#include "sources/kick/kick_mapping.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "event/identity.h"

namespace vf::sources::kick {
namespace {

const std::filesystem::path kFixtures = VF_FIXTURES;
constexpr std::string_view kUlid = "01JVWMSYEHQFCS2YK1GJ5KX7A1";  // 2025-05-22T18:41:33.649Z

std::string fixture(const std::string& name) {
  std::ifstream file(kFixtures / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The fixture as Kick would send it: compact.
nlohmann::json json_fixture(const std::string& name) { return nlohmann::json::parse(fixture(name)); }

Event map(std::string_view type, std::string_view body, std::string_view message_id = kUlid) {
  return map_delivery("kick",
                      {.message_id = message_id,
                       .timestamp = "2025-05-22T18:41:35Z",
                       .signature = "c2ln",
                       .type = type,
                       .version = "1",
                       .subscription_id = "01JSUB"},
                      body);
}

struct Expected {
  std::string file, type, subject, time, fact_key;
};

class KickFixtures : public testing::TestWithParam<Expected> {};

TEST_P(KickFixtures, Map) {
  const auto& want = GetParam();
  const std::string body = json_fixture(want.file).dump();
  const Event event = map(want.type, body);
  EXPECT_EQ(event.type, "kick." + want.type);
  EXPECT_EQ(event.subject, want.subject);
  EXPECT_EQ(to_rfc3339(event.time), want.time);
  EXPECT_EQ(event.fact_key, want.fact_key);
  EXPECT_EQ(event.source, "kick");
  EXPECT_EQ(event.message_id, kUlid);
  EXPECT_EQ(event.version, "1");
  EXPECT_EQ(event.id, event_id("kick", kUlid, std::nullopt));
  EXPECT_EQ(event.body, body);
  EXPECT_TRUE(event.is_json);
  EXPECT_FALSE(event.sandbox);
}

const std::string kSending = "2025-05-22T18:41:33.649Z";
constexpr auto kChannel = "channel/123456789";

INSTANTIATE_TEST_SUITE_P(
    AllTen, KickFixtures,
    testing::Values(Expected{"kick/chat.message.sent.json", "chat.message.sent", kChannel, "2025-01-14T16:08:06.000Z",
                             "chat/unique_message_id_123"},
                    Expected{"kick/chat.message.sent.plain.json", "chat.message.sent", kChannel,
                             "2025-01-14T16:08:06.000Z", "chat/unique_message_id_123"},
                    Expected{"kick/channel.followed.json", "channel.followed", kChannel, kSending,
                             "follow/123456789/987654321"},
                    Expected{"kick/channel.subscription.new.json", "channel.subscription.new", kChannel,
                             "2025-01-14T16:08:06.000Z", "subscription/123456789/987654321/1736870886000/1"},
                    Expected{"kick/channel.subscription.renewal.json", "channel.subscription.renewal", kChannel,
                             "2025-01-14T16:08:06.000Z", "renewal/123456789/987654321/1736870886000/3"},
                    Expected{"kick/channel.subscription.gifts.json", "channel.subscription.gifts", kChannel,
                             "2025-01-14T16:08:06.000Z", "gifts/123456789/987654321/1736870886000/13ae61f1d102139f"},
                    Expected{"kick/channel.subscription.gifts.anonymous.json", "channel.subscription.gifts", kChannel,
                             "2025-01-14T16:08:06.000Z", "gifts/123456789/0/1736870886000/13ae61f1d102139f"},
                    Expected{"kick/channel.reward.redemption.updated.json", "channel.reward.redemption.updated",
                             "channel/333", kSending, "redemption/01KBHE78QE4HZY1617DK5FC7YD/rejected"},
                    Expected{"kick/livestream.status.updated.started.json", "livestream.status.updated", kChannel,
                             "2025-01-01T00:00:00.000Z", "stream/123456789/1735689600000/live"},
                    Expected{"kick/livestream.status.updated.ended.json", "livestream.status.updated", kChannel,
                             "2025-01-01T04:00:00.000Z", "stream/123456789/1735689600000/ended/1735704000000"},
                    Expected{"kick/livestream.metadata.updated.json", "livestream.metadata.updated", kChannel, kSending,
                             std::string(kUlid)},
                    Expected{"kick/moderation.banned.json", "moderation.banned", kChannel, "2025-01-14T16:08:05.000Z",
                             "ban/123456789/135790135/1736870885000"},
                    Expected{"kick/moderation.banned.permanent.json", "moderation.banned", kChannel,
                             "2025-01-14T16:08:05.000Z", "ban/123456789/135790135/1736870885000"},
                    Expected{"kick/kicks.gifted.json", "kicks.gifted", kChannel, "2025-10-20T04:00:08.634Z",
                             "kicks/123456789/987654321/1760932808634/LEVEL_UP/500"}),
    [](const auto& test) {
      std::string name = std::filesystem::path(test.param.file).stem();
      std::ranges::replace(name, '.', '_');
      return name;
    });

TEST(KickRealShapes, AreAccepted) {
  const auto real = map("chat.message.sent", fixture("kick-real/chat.message.sent.2025-05-22.body"));
  EXPECT_EQ(real.type, "kick.chat.message.sent") << "no identity, no created_at";
  EXPECT_EQ(to_rfc3339(real.time), kSending);

  const auto reply = map("chat.message.sent", fixture("kick-real/unsigned/chat.message.sent.reply.2025-08-20.json"));
  EXPECT_EQ(reply.type, "kick.chat.message.sent");
  EXPECT_EQ(to_rfc3339(reply.time), "2025-08-20T07:05:42.561Z") << "nanoseconds";
  EXPECT_EQ(reply.fact_key, "chat/b776e9d4-a30e-4154-8747-f8f02c2818a6")
      << "its own id, not that of the message replied to";

  const auto no_reply =
      map("chat.message.sent", fixture("kick-real/unsigned/chat.message.sent.noreply.2025-08-20.json"));
  EXPECT_EQ(no_reply.type, "kick.chat.message.sent");

  const auto capital = map("livestream.metadata.updated",
                           fixture("kick-real/unsigned/livestream.metadata.updated.capital-category.json"));
  EXPECT_EQ(capital.type, "kick.livestream.metadata.updated") << "capital Category, is_verified null";
  EXPECT_EQ(capital.subject, "channel/2408714");
}

TEST(KickType, EveryBodyFitsItsOwnTypeOnly) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"chat.message.sent", "kick/chat.message.sent.json"},
      {"channel.followed", "kick/channel.followed.json"},
      {"channel.subscription.new", "kick/channel.subscription.new.json"},
      {"channel.subscription.gifts", "kick/channel.subscription.gifts.json"},
      {"channel.reward.redemption.updated", "kick/channel.reward.redemption.updated.json"},
      {"livestream.status.updated", "kick/livestream.status.updated.started.json"},
      {"livestream.metadata.updated", "kick/livestream.metadata.updated.json"},
      {"moderation.banned", "kick/moderation.banned.json"},
      {"kicks.gifted", "kick/kicks.gifted.json"}};
  for (const auto& [type, file] : bodies) {
    const std::string body = fixture(file);
    for (const auto& [claimed, other] : bodies) {
      EXPECT_EQ(map(claimed, body).type, claimed == type ? "kick." + type : "kick.unrecognised")
          << file << " as " << claimed;
    }
  }
}

TEST(KickType, ABodyThatContradictsItsHeaderIsUnrecognised) {
  for (const std::string& body :
       {std::string("{}"), std::string("[]"), std::string("null"), std::string("not json"), std::string(),
        std::string("\xff\xfe"), std::string(100'000, '['), std::string("{\"broadcaster\":{\"user_id\":\"x\"}}")}) {
    const Event event = map("chat.message.sent", body);
    EXPECT_EQ(event.type, "kick.unrecognised");
    EXPECT_EQ(event.body, body) << "kept as it came";
    EXPECT_EQ(event.subject, "");
    EXPECT_EQ(event.fact_key, kUlid);
  }
  EXPECT_EQ(map("chat.message.sent", R"({"broadcaster":{"user_id":5}})").subject, "channel/5")
      << "the channel is still known";
}

TEST(KickType, ATypeThatIsNotKnownYetIsKeptUnderItsName) {
  EXPECT_EQ(map("channel.raided", "{}").type, "kick.channel.raided");
  EXPECT_EQ(map("channel.raided", "not json").type, "kick.channel.raided");
  for (const std::string& type : {std::string(255, 'a'), std::string("a b"), std::string("A"), std::string("a/b"),
                                  std::string("a\"b"), std::string("é")}) {
    EXPECT_EQ(map(type, "{}").type, "kick." + type);
  }
  for (const std::string& type :
       {std::string(256, 'a'), std::string(), std::string("a\tb"), std::string("a\x7f"), std::string("\xe9")}) {
    EXPECT_EQ(map(type, "{}").type, "kick.unrecognised") << type;
  }
}

// Only the keys decide whether a body has the shape of its type.
TEST(KickType, OneOddValueChangesNoOtherAttribute) {
  const std::string odd_values[] = {R"("\ud83d")",
                                    "18446744073709551616",
                                    "null",
                                    "7",
                                    "NaN",
                                    "\"\xff\"",
                                    std::string(100, '[') + std::string(100, ']')};
  for (const std::string& odd : odd_values) {
    const std::string body = R"({"broadcaster":{"user_id":5},"sender":{"user_id":6,"username":)" + odd +
                             R"(},"message_id":"m","content":)" + odd + R"(,"created_at":"2026-11-22T10:00:00Z"})";
    const Event event = map("chat.message.sent", body);
    EXPECT_EQ(event.type, "kick.chat.message.sent") << odd;
    EXPECT_EQ(event.subject, "channel/5") << odd;
    EXPECT_EQ(event.fact_key, "chat/m") << odd;
    EXPECT_EQ(to_rfc3339(event.time), "2026-11-22T10:00:00.000Z") << odd;
    EXPECT_EQ(event.is_json, is_plain_json(body)) << odd;
  }
  const Event event =
      map("chat.message.sent",
          R"({"broadcaster":{"user_id":18446744073709551616},"sender":{"user_id":6},"message_id":"m","content":"c"})");
  EXPECT_EQ(event.type, "kick.chat.message.sent");
  EXPECT_EQ(event.subject, "") << "only the attribute that needs the odd value is missing";
  EXPECT_EQ(event.fact_key, "chat/m");
}

TEST(KickType, IdsMayBeDigitsInAString) {
  const Event event = map("channel.followed", fixture("cases/kick-string-ids.body"));
  EXPECT_EQ(event.type, "kick.channel.followed");
  EXPECT_EQ(event.subject, "channel/21");
  EXPECT_EQ(event.fact_key, "follow/21/22");
}

TEST(KickType, IdsArePositive) {
  for (const std::string odd : {"0", "-7", "\"-7\"", "1.5", "\"\""}) {
    const Event event =
        map("channel.followed", R"({"broadcaster":{"user_id":)" + odd + R"(},"follower":{"user_id":3}})");
    EXPECT_EQ(event.type, "kick.channel.followed") << odd;
    EXPECT_EQ(event.subject, "") << odd;
    EXPECT_EQ(event.fact_key, kUlid) << odd;
  }
}

TEST(KickType, OfRepeatedKeysTheLastOneCounts) {
  const Event event =
      map("channel.followed", R"({"broadcaster":{"user_id":1},"broadcaster":{"user_id":2},"follower":{"user_id":3}})");
  EXPECT_EQ(event.subject, "channel/2");
}

TEST(KickType, NoHeaderPassesForOneOfTheHubsOwnPolls) {
  EXPECT_EQ(map("viewers.sampled", "{}").type, "kick.unrecognised");
  EXPECT_EQ(map("viewers.polled", "{}").type, "kick.unrecognised");
}

TEST(KickBody, TravelsAsBytesUnlessPlainJson) {
  const std::string pretty = fixture("kick/channel.followed.json");
  ASSERT_EQ(pretty.back(), '\n');
  const Event event = map("channel.followed", pretty);
  EXPECT_EQ(event.type, "kick.channel.followed") << "a newline at the end does not hide the shape";
  EXPECT_TRUE(event.is_json) << "a newline at the end is not part of the JSON";
  EXPECT_EQ(event.body, pretty);
  EXPECT_FALSE(map("channel.followed", "{\"a\":1e400}").is_json);
}

TEST(KickFact, TheSameFactUnderAnotherMessageIdSharesItsKey) {
  const std::string body = json_fixture("kick/chat.message.sent.json").dump();
  const Event one = map("chat.message.sent", body), two = map("chat.message.sent", body, "01JVWMSYEHQFCS2YK1GJ5KX7A2");
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(one.fact_key, two.fact_key);
}

// A title that changes to B and back to A is three facts, two of them with equal bodies.
TEST(KickFact, EqualBodiesAreNoFactByThemselves) {
  const std::string body = json_fixture("kick/livestream.metadata.updated.json").dump();
  const Event one = map("livestream.metadata.updated", body),
              two = map("livestream.metadata.updated", body, "01JVWMSYEHQFCS2YK1GJ5KX7A2");
  EXPECT_NE(one.fact_key, two.fact_key);
}

TEST(KickFact, GiftsDifferByWhoGotThemButNotByTheirOrder) {
  auto json = json_fixture("kick/channel.subscription.gifts.json");
  const auto one = map("channel.subscription.gifts", json.dump());
  json["giftees"].push_back({{"user_id", 7}});
  const auto more = map("channel.subscription.gifts", json.dump());
  EXPECT_NE(one.fact_key, more.fact_key);
  std::swap(json["giftees"][0], json["giftees"][1]);
  EXPECT_EQ(map("channel.subscription.gifts", json.dump()).fact_key, more.fact_key);
}

TEST(KickFact, AnUnusableNameFallsBackToTheMessage) {
  auto json = json_fixture("kick/chat.message.sent.plain.json");
  json["message_id"] = "a\n";
  EXPECT_EQ(map("chat.message.sent", json.dump()).fact_key, kUlid);
}

TEST(KickTime, RedeemedAtIsTheTimeOfPendingOnly) {
  auto json = json_fixture("kick/channel.reward.redemption.updated.json");
  EXPECT_EQ(to_rfc3339(map("channel.reward.redemption.updated", json.dump()).time), kSending);
  json["status"] = "pending";
  EXPECT_EQ(to_rfc3339(map("channel.reward.redemption.updated", json.dump()).time), "2025-12-02T22:54:19.323Z");
}

TEST(KickTime, WithoutAUlidTheHeaderIsAllThereIs) {
  const std::string body = json_fixture("kick/channel.followed.json").dump();
  EXPECT_EQ(to_rfc3339(map("channel.followed", body, "plain-id").time), "2025-05-22T18:41:35.000Z");
}

// Only the type says where a body keeps its time, and the type is not signed: a captured delivery sent again under
// another type must not become another event.
TEST(KickIdentity, DoesNotHangOnTheUnsignedType) {
  const std::string chat = json_fixture("kick/chat.message.sent.json").dump();
  const Uuid id = map("chat.message.sent", chat, "plain-id").id;
  EXPECT_EQ(map("channel.followed", chat, "plain-id").id, id);
  EXPECT_EQ(map("something.new", chat, "plain-id").id, id);
  EXPECT_EQ(id, event_id("kick", "plain-id", std::nullopt));
}

TEST(KickTime, ARepeatedDateIsRepaired) {
  const auto sent = [](std::string_view timestamp) {
    return sent_time(
        {.message_id = {}, .timestamp = timestamp, .signature = {}, .type = {}, .version = {}, .subscription_id = {}});
  };
  EXPECT_EQ(sent("2026-04-26T2026-04-26T11:27:44Z"), parse_time("2026-04-26T11:27:44Z"));
  EXPECT_EQ(sent("2026-04-26T11:27:44Z"), parse_time("2026-04-26T11:27:44Z"));
  for (const auto text : {"2026-04-26T2026-04-27T11:27:44Z", "2026-04-26T", "2026-04-26T2026-04-26T", "", "noon"})
    EXPECT_FALSE(sent(text)) << text;
}

TEST(KickHeadersKept, VerbatimUnderTheirNames) {
  const auto headers = nlohmann::json::parse(map("channel.followed", "{}").headers);
  const nlohmann::json want{
      {"Kick-Event-Message-Id", kUlid},        {"Kick-Event-Subscription-Id", "01JSUB"},
      {"Kick-Event-Signature", "c2ln"},        {"Kick-Event-Message-Timestamp", "2025-05-22T18:41:35Z"},
      {"Kick-Event-Type", "channel.followed"}, {"Kick-Event-Version", "1"}};
  EXPECT_EQ(headers, want);
  const auto few = map_delivery(
      "kick",
      {.message_id = kUlid, .timestamp = "t", .signature = "s", .type = "x\"y", .version = {}, .subscription_id = {}},
      "{}");
  EXPECT_EQ(nlohmann::json::parse(few.headers)["Kick-Event-Type"], "x\"y");
  EXPECT_FALSE(nlohmann::json::parse(few.headers).contains("Kick-Event-Version"));
}

}  // namespace
}  // namespace vf::sources::kick
