#include "sources/generic/protocol.h"

#include <string>
#include <utility>

#include "base/json_text.h"

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
  const auto challenge = message.json.text("/challenge");
  if (message.json.text("/type") != "url_verification" || !challenge) return {};
  return {answer(200, "application/json", "{\"challenge\":" + json_string(*challenge) + "}"), {}};
}

Ruling twitch_protocol(const Message& message) {
  const auto type = message.headers.unique("Twitch-Eventsub-Message-Type").value_or("notification");
  const auto challenge = message.json.text("/challenge");
  const bool has_event = message.json.has("/event") || message.json.has("/events");
  if (type == "webhook_callback_verification" && challenge && !has_event)
    return {answer(200, "text/plain", *challenge), {}};
  if (type == "revocation" && !challenge && !has_event && message.json.has("/subscription/status"))
    return {{}, "revocation"};
  if (type == "notification" && has_event) return {};
  return {{}, kUnrecognised};
}

Ruling discord_protocol(const Message& message) {
  if (message.json.has("/event")) return {};
  const auto type = message.json.text("/type");
  if (type == "0") return {answer(204, "application/json", {}), {}};
  if (type == "1") return {answer(200, "application/json", R"({"type":1})"), {}};
  return {};
}

}  // namespace vf::sources::generic
