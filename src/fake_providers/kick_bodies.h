// Kick bodies: write the ten kinds of bodies that Kick sends, in the documented key order, with the odd shapes that
// real bodies have had (null is_verified, missing identity, capital Category, nanosecond times, absent created_at,
// ...). Pure functions. https://docs.kick.com/events/event-types
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "fake_providers/oddity.h"
#include "fake_providers/people.h"
#include "fake_providers/speech.h"

namespace vf::fake_providers {

struct ChatMessage {
  std::string message_id;
  const Person& channel;
  const Person& sender;
  bool by_owner = false;
  int months_subscribed = 0;
  Line line;
  Instant at;
  struct Parent {
    std::string message_id, content;
    Person sender;
  };
  std::optional<Parent> parent;
};
std::string chat_body(const ChatMessage& message, Oddity& odd);

std::string follow_body(const Person& channel, const Person& follower, Oddity& odd);

struct Subscription {
  const Person& channel;
  const Person& subscriber;
  int months = 1;
  Instant at;
};
std::string subscription_body(const Subscription& subscription, Oddity& odd);

struct Gift {
  const Person& channel;
  const Person* gifter;  // null: anonymous
  std::vector<Person> giftees;
  Instant at;
};
std::string gifts_body(const Gift& gift, Oddity& odd);

struct Redemption {
  Person channel;
  Person redeemer;
  std::string id;
  std::string reward_id;
  size_t reward = 0;  // index of the reward
  std::string input;
  Instant at;
};
std::string redemption_body(const Redemption& redemption, std::string_view status, Oddity& odd);

struct Stream {
  std::string title;
  std::string language;
  size_t category = 0;
  bool mature = false;
  Instant started_at;
  std::optional<Instant> ended_at;
};
std::string status_body(const Person& channel, const Stream& stream, Oddity& odd);
std::string metadata_body(const Person& channel, const Stream& stream, Oddity& odd);
inline constexpr size_t kCategories = 5;

struct Ban {
  const Person& channel;
  const Person& moderator;
  const Person& banned;
  Instant at;
  std::optional<Instant> until;  // nullopt: for ever
};
std::string ban_body(const Ban& ban, Random& random, Oddity& odd);

struct Kicks {
  const Person& channel;
  const Person& sender;
  Instant at;
};
std::string kicks_body(const Kicks& kicks, Random& random, Oddity& odd);

}  // namespace vf::fake_providers
