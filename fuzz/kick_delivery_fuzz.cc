// Fuzzes the mapping of a verified Kick delivery: the body under each type, and as the header texts themselves.
#include <array>

#include "round_trip.h"
#include "sources/kick/kick_mapping.h"
#include "sources/kick/kick_source.h"

using namespace vf;
using namespace vf::sources::kick;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::array<std::string_view, 11> kTypes{"chat.message.sent",
                                                    "channel.followed",
                                                    "channel.subscription.new",
                                                    "channel.subscription.renewal",
                                                    "channel.subscription.gifts",
                                                    "kicks.gifted",
                                                    "channel.reward.redemption.updated",
                                                    "livestream.status.updated",
                                                    "livestream.metadata.updated",
                                                    "moderation.banned",
                                                    "not.known.yet"};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  KickHeaders headers{.message_id = "01JVWMSYEHQFCS2YK1GJ5KX7A1",
                      .timestamp = "2025-05-22T18:41:33Z",
                      .signature = "c2ln",
                      .type = {},
                      .version = "1",
                      .subscription_id = "01JVWMSYEHQFCS2YK1GJ5KX7A2"};
  for (const auto type : kTypes) {
    headers.type = type;
    fuzz::check_texts(map_delivery("kick", headers, body));
  }
  headers.type = headers.version = headers.timestamp = headers.subscription_id = body;
  headers.message_id = "no-ulid";
  fuzz::check_round_trip(map_delivery("kick", headers, body));
  (void)read_public_key_answer(body);
  return 0;
}
