// FakeKick: its bodies against the documented samples, and whether its sequences of events are plausible.
#include "fake_providers/fake_kick.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace vf::fake_providers {
namespace {

using nlohmann::json;

const Instant kStart = *parse_time("2026-03-01T12:00:00Z");

std::vector<Payload> play(FakeKick::Params params, int count) {
  FakeKick kick(params);
  SeededRandom random(params.seed);
  std::vector<Payload> payloads;
  for (int i = 0; i < count; ++i) payloads.push_back(kick.next(kStart + Millis{i * 20}, random));
  return payloads;
}

const std::vector<Payload>& regular() {
  static const auto payloads = play({.odd_percent = 0}, 20'000);
  return payloads;
}

/// The paths of all values with the kind of each; array elements share one path.
void add_shape(const json& value, const std::string& path, std::set<std::string>& shape) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) add_shape(member, path + "/" + key, shape);
  } else if (value.is_array()) {
    for (const auto& element : value) add_shape(element, path + "/*", shape);
  }
  shape.insert(path + (value.is_number() ? " number" : " " + std::string(value.type_name())));
}

std::set<std::string> shape_of(const json& value) {
  std::set<std::string> shape;
  add_shape(value, "", shape);
  return shape;
}

json sample(const std::string& name) {
  std::ifstream file(VF_FIXTURES "/kick/" + name + ".json");
  return json::parse(file);
}

TEST(FakeKick, MakesAllTenTypes) {
  std::map<std::string, int> counts;
  for (const Payload& payload : regular()) ++counts[payload.type];
  EXPECT_EQ(counts.size(), 10u);
  EXPECT_GT(counts["chat.message.sent"], 16'000);
  for (const auto& [type, count] : counts) EXPECT_GT(count, 30) << type;
}

TEST(FakeKick, RegularBodiesHaveTheShapesOfTheSamples) {
  std::map<std::string, std::set<std::string>> allowed;
  for (const char* name : {"channel.followed", "channel.reward.redemption.updated", "channel.subscription.gifts",
                           "channel.subscription.gifts.anonymous", "channel.subscription.new",
                           "channel.subscription.renewal", "chat.message.sent", "chat.message.sent.plain",
                           "kicks.gifted", "livestream.metadata.updated", "livestream.status.updated.started",
                           "livestream.status.updated.ended", "moderation.banned", "moderation.banned.permanent"}) {
    std::string type = name;
    for (const std::string_view variant : {".anonymous", ".plain", ".started", ".ended", ".permanent"}) {
      if (type.ends_with(variant)) type.resize(type.size() - variant.size());
    }
    allowed[type].merge(shape_of(sample(name)));
  }
  for (const Payload& payload : regular()) {
    EXPECT_THAT(allowed[payload.type], testing::IsSupersetOf(shape_of(json::parse(payload.body)))) << payload.body;
    if (HasFailure()) return;
  }
}

TEST(FakeKick, OddBodiesTakeEveryShapeSeenInRealPayloads) {
  std::set<std::string> seen;
  for (const Payload& payload : play({.odd_percent = 30}, 5'000)) {
    const json body = json::parse(payload.body);
    if (payload.doubled_date) seen.insert("doubled date");
    if (body["broadcaster"]["is_verified"].is_null()) seen.insert("null is_verified");
    if (!body["broadcaster"].contains("identity") && payload.type == "channel.followed") seen.insert("no identity");
    if (payload.type == "livestream.metadata.updated" && body["metadata"].contains("Category")) seen.insert("Category");
    if (payload.type == "livestream.status.updated" && body["started_at"].get<std::string>().ends_with("+11:00")) {
      seen.insert("offset");
    }
    if (payload.type == "kicks.gifted" && !body["gift"].contains("pinned_time_seconds")) seen.insert("no pin");
    if (payload.type != "chat.message.sent") continue;
    if (!body.contains("created_at")) seen.insert("no created_at");
    if (body.contains("created_at") && body["created_at"].get<std::string>().size() == 30) seen.insert("nanoseconds");
    if (!body.contains("replies_to")) seen.insert("no replies_to");
    if (body["emotes"].is_null() && body["content"].get<std::string>().contains("[emote:")) seen.insert("null emotes");
  }
  EXPECT_THAT(seen,
              testing::UnorderedElementsAre("doubled date", "null is_verified", "no identity", "Category", "offset",
                                            "no pin", "no created_at", "nanoseconds", "no replies_to", "null emotes"));
}

TEST(FakeKick, MessageIdsAreDistinctAndCarryTheTime) {
  std::set<std::string> ids;
  for (const Payload& payload : regular()) {
    EXPECT_EQ(payload.id.size(), 26u);
    ids.insert(payload.id);
  }
  EXPECT_EQ(ids.size(), regular().size());
  EXPECT_LT(regular().front().id.substr(0, 10), regular().back().id.substr(0, 10));
}

TEST(FakeKick, ChannelsGoLiveBeforeOtherEventsAndEndOnce) {
  std::map<int64_t, bool> live;
  for (const Payload& payload : regular()) {
    const json body = json::parse(payload.body);
    bool& now = live[body["broadcaster"]["user_id"].get<int64_t>()];
    if (payload.type == "livestream.status.updated") {
      EXPECT_NE(now, body["is_live"].get<bool>());
      now = body["is_live"].get<bool>();
    } else if (payload.type == "chat.message.sent") {
      EXPECT_TRUE(now) << payload.body;
    }
  }
  EXPECT_GT(live.size(), 10u);
}

TEST(FakeKick, SequencesOfEventsArePlausible) {
  std::map<std::pair<int64_t, int64_t>, int> months;
  std::map<std::string, int> redemptions;
  std::set<std::pair<int64_t, int64_t>> followers, banned;
  for (const Payload& payload : regular()) {
    const json body = json::parse(payload.body);
    const auto channel = body["broadcaster"]["user_id"].get<int64_t>();
    const auto with = [&](const char* who) { return std::pair(channel, body[who]["user_id"].get<int64_t>()); };
    if (payload.type == "channel.followed") {
      EXPECT_TRUE(followers.insert(with("follower")).second);
    } else if (payload.type == "channel.subscription.new") {
      EXPECT_EQ(months[with("subscriber")]++, 0);
    } else if (payload.type == "channel.subscription.renewal") {
      EXPECT_GT(body["duration"].get<int>(), std::max(1, months[with("subscriber")]));
      months[with("subscriber")] = body["duration"].get<int>();
    } else if (payload.type == "channel.reward.redemption.updated") {
      const bool first = redemptions[body["id"].get<std::string>()]++ == 0;
      EXPECT_EQ(body["status"] == "pending", first);
    } else if (payload.type == "moderation.banned" && body["metadata"]["expires_at"].is_null()) {
      EXPECT_TRUE(banned.insert(with("banned_user")).second);
    } else if (payload.type == "chat.message.sent") {
      EXPECT_FALSE(banned.contains(with("sender")));
    }
    if (HasFailure()) return;
  }
  EXPECT_FALSE(banned.empty());
}

TEST(FakeKick, ChatsInSeveralScriptsWithEmotesWhosePositionsFit) {
  std::string all;
  for (const Payload& payload : regular()) {
    if (payload.type != "chat.message.sent") continue;
    const json body = json::parse(payload.body);
    const auto content = body["content"].get<std::string>();
    all += content;
    if (body["emotes"].is_null()) continue;
    for (const auto& emote : body["emotes"]) {
      // The token is plain ASCII, so its length is the same in every unit.
      const auto token = "[emote:" + emote["emote_id"].get<std::string>() + ":";
      EXPECT_THAT(content, testing::HasSubstr(token));
      EXPECT_GT(emote["positions"][0]["e"].get<size_t>() - emote["positions"][0]["s"].get<size_t>(), token.size());
      EXPECT_LT(emote["positions"][0]["e"].get<size_t>(), content.size());
    }
  }
  for (const char* piece :
       {"привет", "السلام", "こんばんは", "안녕하세요", "¡qué", "🔥", "[emote:37226:KEKW]", "\"quoted\""}) {
    EXPECT_THAT(all, testing::HasSubstr(piece));
  }
}

TEST(FakeKick, OneChannelAndFewViewersStillMakeEvents) {
  EXPECT_EQ(play({.channels = 1, .viewers = 1}, 5'000).size(), 5'000u);
  EXPECT_EQ(play({.channels = 0, .viewers = 0}, 100).size(), 100u);
}

TEST(People, AreTheSameForTheSameSeedAndDifferForEachNumber) {
  std::set<int64_t> ids;
  std::set<std::string> names;
  for (uint32_t i = 0; i < 10'000; ++i) {
    const Person person = make_person(7, i);
    ids.insert(person.user_id);
    names.insert(person.username);
  }
  EXPECT_EQ(ids.size(), 10'000u);
  EXPECT_EQ(names.size(), 10'000u);
  EXPECT_EQ(make_person(7, 3).username, make_person(7, 3).username);
}

}  // namespace
}  // namespace vf::fake_providers
