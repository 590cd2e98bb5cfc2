#include "sources/generic/protocol.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "event/attributes.h"

namespace vf::sources::generic {
namespace {

http::Response answer(int status, std::string content_type, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

}  // namespace

Ruling plain_protocol(const Message& /*message*/) { return {}; }

Ruling slack_protocol(const Message& message) {
  const auto type = json_text(message.json, "/type");
  const auto challenge = json_text(message.json, "/challenge");
  // A slash command is a form without a type; Slack's Socket Mode gives the same message this one.
  if (!type && message.json.at("/command").exists()) return {{}, "slash_commands"};
  if (type != "url_verification" || !challenge) return {};
  return {answer(200, "application/json", "{\"challenge\":" + json_string(*challenge) + "}"), {}};
}

Ruling twitch_protocol(const Message& message) {
  const auto type = message.headers.unique("Twitch-Eventsub-Message-Type").value_or("notification");
  const auto challenge = json_text(message.json, "/challenge");
  const bool has_event = message.json.at("/event").exists() || message.json.at("/events").exists();
  if (type == "webhook_callback_verification" && challenge && !has_event)
    return {answer(200, "text/plain", *challenge), {}};
  if (type == "revocation" && !challenge && !has_event && message.json.at("/subscription/status").exists())
    return {{}, "revocation"};
  if (type == "notification" && has_event) return {};
  constexpr std::array<std::string_view, 3> kKnown{"notification", "revocation", "webhook_callback_verification"};
  const bool is_known = std::ranges::find(kKnown, type) != kKnown.end();
  return {{}, is_known ? kUnrecognised : type};
}

Ruling discord_protocol(const Message& message) {
  if (message.json.at("/event").exists()) return {};
  const auto type = json_text(message.json, "/type");
  if (type == "0") {
    // Discord asks for a Content-Type although a 204 has no content.
    auto pong = answer(204, "application/json", {});
    pong.headers.emplace_back("Content-Type", "application/json");
    return {std::move(pong), {}};
  }
  if (type == "1") return {answer(200, "application/json", R"({"type":1})"), {}};
  return {};
}

}  // namespace vf::sources::generic
