#include "sources/kick/kick_mapping.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/json_text.h"
#include "crypto/digest.h"
#include "event/attributes.h"
#include "event/identity.h"
#include "event/json_fields.h"

namespace vf::sources::kick {
namespace {

using Fields = const JsonFields&;
using Part = std::optional<std::string>;

constexpr std::string_view kChannel = "/broadcaster/user_id";

Part number(Fields body, std::string_view pointer) {
  const auto value = body.at(pointer).integer();
  return value ? Part(std::to_string(*value)) : std::nullopt;
}

// Ids are positive, here as in the projections.
Part id(Fields body, std::string_view pointer) {
  return body.at(pointer).integer() > 0 ? number(body, pointer) : std::nullopt;
}

Part moment(Fields body, std::string_view pointer) {
  const auto value = body.at(pointer).time();
  return value ? Part(std::to_string(unix_millis(*value))) : std::nullopt;
}

Part name(Fields body, std::string_view pointer) { return attribute(body.at(pointer).text()); }

// The shape of a type is the keys that its bodies have. Their values do not count: one odd value must not hide what the
// rest of the body says.
bool are_present(Fields body, std::initializer_list<std::string_view> pointers) {
  return std::ranges::all_of(pointers, [&](std::string_view pointer) { return body.at(pointer).exists(); });
}

bool is_subscription(Fields body) {
  return are_present(body, {kChannel, "/subscriber/user_id", "/duration", "/created_at"});
}

Part subscription_fact(std::string_view kind, Fields body) {
  return join_key({Part(kind), id(body, kChannel), id(body, "/subscriber/user_id"), moment(body, "/created_at"),
                   number(body, "/duration")});
}

// Gifts of one gifter in the same second differ by their recipients. An anonymous gifter has no id and counts as 0.
Part gifts_fact(Fields body) {
  std::vector<int64_t> giftees;
  for (const JsonValue& giftee : body.at("/giftees").elements()) {
    if (const auto user = giftee.at("/user_id").integer()) giftees.push_back(*user);
  }
  std::ranges::sort(giftees);
  std::string all;
  for (const int64_t giftee : giftees) all += std::to_string(giftee) + ' ';
  return join_key({"gifts", id(body, kChannel), id(body, "/gifter/user_id").value_or("0"), moment(body, "/created_at"),
                   to_hex(crypto::sha256(all).substr(0, 8))});
}

std::optional<Instant> stream_time(Fields body) {
  return body.at(body.at("/is_live").boolean() == true ? "/started_at" : "/ended_at").time();
}

Part stream_fact(Fields body) {
  const bool live = body.at("/is_live").boolean() == true;
  return join_key({"stream", id(body, kChannel), moment(body, "/started_at"),
                   live ? Part("live") : join_key({"ended", moment(body, "/ended_at")})});
}

bool has_stream_metadata(Fields body) {
  constexpr std::array kAny{"/metadata/title", "/metadata/language", "/metadata/category", "/metadata/Category"};
  return body.at(kChannel).exists() &&
         std::ranges::any_of(kAny, [&](std::string_view pointer) { return body.at(pointer).exists(); });
}

std::optional<Instant> no_time(Fields /*body*/) { return std::nullopt; }
std::optional<Instant> created_at(Fields body) { return body.at("/created_at").time(); }

// One row for each event of https://docs.kick.com/events/event-types: whether a body has its shape, when the change
// happened according to the body, and the key of the fact (nullopt: the message id).
struct KickType {
  std::string_view name;
  bool (*is_shape)(Fields body);
  std::optional<Instant> (*happened)(Fields body);
  Part (*fact)(Fields body);
};

constexpr std::array kTypes{
    KickType{"chat.message.sent",
             [](Fields body) { return are_present(body, {kChannel, "/sender/user_id", "/message_id", "/content"}); },
             created_at, [](Fields body) { return join_key({"chat", name(body, "/message_id")}); }},
    KickType{"channel.followed", [](Fields body) { return are_present(body, {kChannel, "/follower/user_id"}); },
             no_time,
             [](Fields body) { return join_key({"follow", id(body, kChannel), id(body, "/follower/user_id")}); }},
    KickType{"channel.subscription.new", is_subscription, created_at,
             [](Fields body) { return subscription_fact("subscription", body); }},
    KickType{"channel.subscription.renewal", is_subscription, created_at,
             [](Fields body) { return subscription_fact("renewal", body); }},
    KickType{"channel.subscription.gifts",
             [](Fields body) { return are_present(body, {kChannel, "/gifter", "/giftees", "/created_at"}); },
             created_at, gifts_fact},
    // redeemed_at is when the redemption began: the time of "pending", not of a later decision.
    KickType{
        "channel.reward.redemption.updated",
        [](Fields body) { return are_present(body, {kChannel, "/redeemer/user_id", "/id", "/status", "/reward"}); },
        [](Fields body) {
          return body.at("/status").text() == "pending" ? body.at("/redeemed_at").time() : std::nullopt;
        },
        [](Fields body) { return join_key({"redemption", name(body, "/id"), name(body, "/status")}); }},
    KickType{"livestream.status.updated",
             [](Fields body) { return are_present(body, {kChannel, "/is_live", "/started_at"}); }, stream_time,
             stream_fact},
    KickType{"livestream.metadata.updated", has_stream_metadata, no_time, [](Fields /*body*/) { return Part(); }},
    KickType{"moderation.banned",
             [](Fields body) { return are_present(body, {kChannel, "/banned_user/user_id", "/metadata/created_at"}); },
             [](Fields body) { return body.at("/metadata/created_at").time(); },
             [](Fields body) {
               return join_key(
                   {"ban", id(body, kChannel), id(body, "/banned_user/user_id"), moment(body, "/metadata/created_at")});
             }},
    KickType{
        "kicks.gifted",
        [](Fields body) { return are_present(body, {kChannel, "/sender/user_id", "/gift/amount", "/created_at"}); },
        created_at,
        [](Fields body) {
          return join_key({"kicks", id(body, kChannel), id(body, "/sender/user_id"), moment(body, "/created_at"),
                           name(body, "/gift/type"), number(body, "/gift/amount")});
        }},
};

const KickType* find_type(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &KickType::name);
  return found == kTypes.end() ? nullptr : found;
}

// Types that end so belong to the hub's own polls: no unsigned header may claim one.
bool is_of_a_poll(std::string_view type) { return type.ends_with(".sampled") || type.ends_with(".polled"); }

// The message id's millisecond is finer than the header's whole second; both are signed.
Instant sending_time(const KickHeaders& headers) {
  if (const auto inside = time_inside(headers.message_id)) return *inside;
  return sent_time(headers).value_or(Instant{});
}

std::string header_json(const KickHeaders& headers) {
  std::string out = "{";
  const auto add = [&out](std::string_view header, std::string_view value) {
    if (value.empty()) return;
    if (out.size() > 1) out += ',';
    append_json_string(out, header);
    out += ':';
    append_json_string(out, value);
  };
  add("Kick-Event-Message-Id", headers.message_id);
  add("Kick-Event-Subscription-Id", headers.subscription_id);
  add("Kick-Event-Signature", headers.signature);
  add("Kick-Event-Message-Timestamp", headers.timestamp);
  add("Kick-Event-Type", headers.type);
  add("Kick-Event-Version", headers.version);
  return out += '}';
}

}  // namespace

std::optional<Instant> sent_time(const KickHeaders& headers) {
  if (const auto time = read_time(headers.timestamp)) return time;
  constexpr size_t kDateAndT = std::string_view("2026-04-26T").size();
  const std::string_view date = headers.timestamp.substr(0, kDateAndT);
  const std::string_view rest = headers.timestamp.substr(date.size());
  return rest.starts_with(date) ? read_time(rest) : std::nullopt;
}

Event map_delivery(std::string_view source, const KickHeaders& headers, std::string_view body) {
  const JsonFields fields(body);
  const KickType* known = find_type(headers.type);
  const KickType* fitting = known != nullptr && known->is_shape(fields) ? known : nullptr;
  const bool accepted = fitting != nullptr || (known == nullptr && !is_of_a_poll(headers.type));
  const auto happened = fitting != nullptr ? fitting->happened(fields) : std::nullopt;
  auto fact = fitting != nullptr ? fitting->fact(fields) : std::nullopt;

  Event event;
  // The id takes no time from the body, because the place of that time depends on the type, which is unsigned.
  event.id = event_id(source, headers.message_id, std::nullopt);
  event.source = source;
  event.type = event_type(source, accepted ? headers.type : "");
  if (const auto channel = id(fields, kChannel)) event.subject = "channel/" + *channel;
  event.time = happened ? *happened : sending_time(headers);
  event.message_id = headers.message_id;
  event.fact_key = std::move(fact).value_or(event.message_id);
  if (is_attribute(headers.version)) event.version = headers.version;
  event.is_json = fields.is_plain();
  event.body = body;
  event.headers = header_json(headers);
  return event;
}

}  // namespace vf::sources::kick
