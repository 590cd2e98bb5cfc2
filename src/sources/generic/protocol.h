// Protocol: the handshakes of Slack, Twitch and Discord, by which they check that an endpoint is the hub's. Applied
// only after the signature was verified. Pure functions. https://api.slack.com/events/url_verification,
// https://dev.twitch.tv/docs/eventsub/handling-webhook-events,
// https://discord.com/developers/docs/events/webhook-events, …/interactions/overview
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "sources/generic/text_template.h"

namespace vf::sources::generic {

/// How a protocol overrides the description of a scheme for one verified message.
struct Ruling {
  std::optional<http::Response> answer;  // the message is a handshake with this answer, not an event
  std::string_view type;                 // the type of the event instead of the described one; empty: as described
};

using Protocol = Ruling (*)(const Message& message);

inline constexpr std::string_view kUnrecognised = "unrecognised";

Ruling plain_protocol(const Message& message);  // overrides nothing
Ruling slack_protocol(const Message& message);
/// Also recognises revocations, and bodies that contradict the unsigned header with the message's type.
Ruling twitch_protocol(const Message& message);
Ruling discord_protocol(const Message& message);

}  // namespace vf::sources::generic
