// Protocol: answers the handshakes by which Slack, Twitch and Discord check an endpoint. It is applied only to messages
// whose signature was verified. Pure functions. https://api.slack.com/events/url_verification,
// https://dev.twitch.tv/docs/eventsub/handling-webhook-events,
// https://discord.com/developers/docs/events/webhook-events, …/interactions/overview
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "sources/generic/text_template.h"

namespace vf::sources::generic {

/// What a protocol decides about one verified message, in place of the scheme's description.
struct Ruling {
  std::optional<http::Response> answer;  // set: the message is a handshake with this answer, not an event
  std::string_view type;                 // the event's type; empty: the type that the scheme describes
};

using Protocol = Ruling (*)(const Message& message);

Ruling plain_protocol(const Message& message);  // decides nothing: every message is an event
Ruling slack_protocol(const Message& message);
/// Also recognises revocations, other kinds of message (each is the type of its events), and messages whose body
/// contradicts the unsigned header that states their kind.
Ruling twitch_protocol(const Message& message);
Ruling discord_protocol(const Message& message);

}  // namespace vf::sources::generic
