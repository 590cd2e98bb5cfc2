#include "fake_providers/kick_bodies.h"

#include <fmt/core.h>

#include <array>

#include "base/json_text.h"

namespace vf::fake_providers {
namespace {

using std::chrono::hours;

struct Category {
  int id;
  const char* name;
};
constexpr std::array<Category, kCategories> kCategoryList{
    {{15, "Just Chatting"}, {5, "Grand Theft Auto V"}, {28, "Slots & Casino"}, {4, "Counter-Strike 2"}, {8549, "IRL"}}};

struct Reward {
  const char* title;
  int cost;
  const char* description;
};
constexpr std::array<Reward, 4> kRewards{{{"Unban request", 1000, "Only good reasons pls"},
                                          {"Hydrate!", 200, "Drink water"},
                                          {"Песня на заказ", 5000, "ссылка в сообщении"},
                                          {"Choose the next map", 2500, ""}}};

std::string seconds(Instant at) { return to_rfc3339(at).substr(0, 19) + "Z"; }
std::string zoned(Instant at) { return to_rfc3339(at + hours{11}).substr(0, 19) + "+11:00"; }
/// Returns the time with nanoseconds, as some real chat messages have it.
std::string nanoseconds(Instant at) { return to_rfc3339(at).substr(0, 23) + "561408Z"; }
std::string quoted(const std::string& time) { return '"' + time + '"'; }

std::string_view boolean(bool value) { return value ? "true" : "false"; }

std::string name_fields(const Person& person, Oddity& odd) {
  return fmt::format(R"("user_id":{},"username":{},"is_verified":{},"profile_picture":{},"channel_slug":{})",
                     person.user_id, json_string(person.username), odd.strikes() ? "null" : boolean(person.verified),
                     json_string(person.picture), json_string(person.slug));
}

std::string short_user(const Person& person, Oddity& odd) { return "{" + name_fields(person, odd) + "}"; }

std::string user(const Person& person, Oddity& odd) {
  return R"({"is_anonymous":false,)" + name_fields(person, odd) + (odd.strikes() ? "}" : R"(,"identity":null})");
}

std::string_view anonymous() {
  return R"({"is_anonymous":true,"user_id":null,"username":null,"is_verified":null,"profile_picture":null,)"
         R"("channel_slug":null,"identity":null})";
}

std::string badges(const ChatMessage& message) {
  std::string list;
  const auto add = [&](std::string_view badge) {
    if (!list.empty()) list += ',';
    list += badge;
  };
  if (message.by_owner) add(R"({"text":"Broadcaster","type":"broadcaster"})");
  if (message.sender.user_id % 40 == 0) add(R"({"text":"Moderator","type":"moderator"})");
  if (message.sender.user_id % 15 == 0) {
    add(fmt::format(R"({{"text":"Sub Gifter","type":"sub_gifter","count":{}}})", 1 + message.sender.user_id % 50));
  }
  if (message.months_subscribed > 0) {
    add(fmt::format(R"({{"text":"Subscriber","type":"subscriber","count":{}}})", message.months_subscribed));
  }
  return list;
}

std::string chat_sender(const ChatMessage& message, Oddity& odd) {
  return fmt::format(R"({{"is_anonymous":false,{},"identity":{{"username_color":{},"badges":[{}]}}}})",
                     name_fields(message.sender, odd), json_string(message.sender.colour), badges(message));
}

std::string emotes(const Line& line, Oddity& odd) {
  if (line.emotes.empty() || odd.strikes()) return "null";
  std::string list;
  for (const EmoteUse& use : line.emotes) {
    list += fmt::format(R"({}{{"emote_id":"{}","positions":[{{"s":{},"e":{}}}]}})", list.empty() ? "" : ",",
                        use.emote_id, use.first, use.last);
  }
  return "[" + list + "]";
}

std::string replies_to(const ChatMessage& message, Oddity& odd) {
  if (!message.parent) return odd.strikes() ? "" : R"("replies_to":null,)";
  return fmt::format(R"("replies_to":{{"message_id":"{}","content":{},"sender":{}}},)", message.parent->message_id,
                     json_string(message.parent->content), user(message.parent->sender, odd));
}

std::string chat_time(Instant at, Oddity& odd) {
  if (odd.strikes()) return "";
  return R"(,"created_at":)" + quoted(odd.strikes() ? nanoseconds(at) : seconds(at));
}

std::string category(size_t which) {
  const Category& chosen = kCategoryList[which];
  return fmt::format(R"({{"id":{},"name":{},"thumbnail":"https://files.kick.com/images/subcategories/{}/banner"}})",
                     chosen.id, json_string(chosen.name), chosen.id);
}

}  // namespace

std::string chat_body(const ChatMessage& message, Oddity& odd) {
  return fmt::format(R"({{"message_id":"{}",{}"broadcaster":{},"sender":{},"content":{},"emotes":{}{}}})",
                     message.message_id, replies_to(message, odd), user(message.channel, odd),
                     chat_sender(message, odd), json_string(message.line.content), emotes(message.line, odd),
                     chat_time(message.at, odd));
}

std::string follow_body(const Person& channel, const Person& follower, Oddity& odd) {
  return fmt::format(R"({{"broadcaster":{},"follower":{}}})", user(channel, odd), user(follower, odd));
}

std::string subscription_body(const Subscription& subscription, Oddity& odd) {
  return fmt::format(R"({{"broadcaster":{},"subscriber":{},"duration":{},"created_at":"{}","expires_at":"{}"}})",
                     user(subscription.channel, odd), user(subscription.subscriber, odd), subscription.months,
                     seconds(subscription.at), seconds(subscription.at + hours{24 * 30}));
}

std::string gifts_body(const Gift& gift, Oddity& odd) {
  std::string giftees;
  for (const Person& giftee : gift.giftees) giftees += (giftees.empty() ? "" : ",") + user(giftee, odd);
  return fmt::format(R"({{"broadcaster":{},"gifter":{},"giftees":[{}],"created_at":"{}","expires_at":"{}"}})",
                     user(gift.channel, odd), gift.gifter ? user(*gift.gifter, odd) : anonymous(), giftees,
                     seconds(gift.at), seconds(gift.at + hours{24 * 30}));
}

std::string redemption_body(const Redemption& redemption, std::string_view status, Oddity& odd) {
  const Reward& reward = kRewards[redemption.reward % kRewards.size()];
  return fmt::format(R"({{"id":"{}","user_input":{},"status":"{}","redeemed_at":"{}",)"
                     R"("reward":{{"id":"{}","title":{},"cost":{},"description":{}}},"redeemer":{},"broadcaster":{}}})",
                     redemption.id, json_string(redemption.input), status, to_rfc3339(redemption.at),
                     redemption.reward_id, json_string(reward.title), reward.cost, json_string(reward.description),
                     short_user(redemption.redeemer, odd), short_user(redemption.channel, odd));
}

std::string status_body(const Person& channel, const Stream& stream, Oddity& odd) {
  const bool offset = odd.strikes();
  const auto time = [&](Instant at) { return quoted(offset ? zoned(at) : seconds(at)); };
  return fmt::format(R"({{"broadcaster":{},"is_live":{},"title":{},"started_at":{},"ended_at":{}}})",
                     user(channel, odd), boolean(!stream.ended_at), json_string(stream.title), time(stream.started_at),
                     stream.ended_at ? time(*stream.ended_at) : "null");
}

std::string metadata_body(const Person& channel, const Stream& stream, Oddity& odd) {
  return fmt::format(
      R"({{"broadcaster":{},"metadata":{{"title":{},"language":"{}","has_mature_content":{},"{}":{}}}}})",
      user(channel, odd), json_string(stream.title), stream.language, boolean(stream.mature),
      odd.strikes() ? "Category" : "category", category(stream.category));
}

std::string ban_body(const Ban& ban, Random& random, Oddity& odd) {
  constexpr std::array kReasons{"spam", "", "реклама", "be nice to each other", "لا للإعلانات"};
  return fmt::format(
      R"({{"broadcaster":{},"moderator":{},"banned_user":{},"metadata":{{"reason":{},"created_at":"{}","expires_at":{}}}}})",
      user(ban.channel, odd), user(ban.moderator, odd), user(ban.banned, odd),
      json_string(kReasons[random.below(kReasons.size())]), seconds(ban.at),
      ban.until ? quoted(seconds(*ban.until)) : "null");
}

std::string kicks_body(const Kicks& kicks, Random& random, Oddity& odd) {
  struct Sort {
    int amount;
    const char *name, *type, *tier;
    int pinned_seconds;
  };
  constexpr std::array<Sort, 4> kSorts{{{1, "Hell Yeah", "BASIC", "BASIC", 0},
                                        {100, "Full Send", "BASIC", "BASIC", 0},
                                        {500, "Rage Quit", "LEVEL_UP", "MID", 600},
                                        {10000, "Kick Crown", "LEVEL_UP", "HIGH", 1200}}};
  const Sort& gift = kSorts[random.below(kSorts.size())];
  const std::string pinned = odd.strikes() ? "" : fmt::format(R"(,"pinned_time_seconds":{})", gift.pinned_seconds);
  const std::string message = random.below(2) == 0 ? "" : make_line(kicks.sender.script, random).content;
  return fmt::format(
      R"({{"broadcaster":{},"sender":{},"gift":{{"amount":{},"name":"{}","type":"{}","tier":"{}","message":{}{}}},"created_at":"{}"}})",
      short_user(kicks.channel, odd), short_user(kicks.sender, odd), gift.amount, gift.name, gift.type, gift.tier,
      json_string(message), pinned, to_rfc3339(kicks.at));
}

}  // namespace vf::fake_providers
