// Protocol: what Slack, Twitch and Discord do beside sending events: they prove that an endpoint is ours. Looked at
// only after the signature was verified. Pure functions.
// https://api.slack.com/events/url_verification, https://dev.twitch.tv/docs/eventsub/handling-webhook-events,
// https://discord.com/developers/docs/events/webhook-events, …/interactions/overview
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "sources/generic/text_template.h"

namespace vf::sources::generic {

/// What a proved message is beside what its scheme describes.
struct Ruling {
  std::optional<http::Response> answer;  // it is no event, and wants this answer
  std::string_view type;                 // it is an event, of this type instead of the described one; empty: no ruling
};

using Protocol = Ruling (*)(const Message& message);

inline constexpr std::string_view kUnrecognised = "unrecognised";

Ruling plain_protocol(const Message& message);  // never rules
Ruling slack_protocol(const Message& message);
/// Also tells revocations, and bodies that contradict the (unsigned) header of the message's type.
Ruling twitch_protocol(const Message& message);
Ruling discord_protocol(const Message& message);

}  // namespace vf::sources::generic
