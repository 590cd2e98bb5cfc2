// Generates a random history: facts of every projected type about a few people and channels, so that rows change often.
// Each fact has its own time and is later than the fact before it, but facts may be delivered in any order. For tests;
// header only.
#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "projections/tests/rows_test.h"

namespace vf::projections {

/// One fact and the provider's body for it.
struct Fact {
  std::string type;
  std::string body;
  Instant happened;
  uint64_t number = 0;
};

inline constexpr std::chrono::seconds kBetweenFacts{10};

/// Returns a message that carries the fact, sent `delay` after the fact happened. Each `copy` has another message id.
inline Event message_of(const Fact& fact, uint64_t copy, Millis delay) {
  return event_of(fact.type, fact.body, fact.happened + delay, fact.number * 8 + copy);
}

namespace history {

inline std::string user(int id, int name) {
  return fmt::format(R"({{"user_id":{},"username":"name{}","is_verified":null,"channel_slug":"slug{}"}})", id, name,
                     name);
}

inline std::string sumsub_body(const std::string& time, const std::string& answer) {
  return fmt::format(R"({{"applicantId":"a{}","levelName":"level{}","externalUserId":"u","sandboxMode":{},)"
                     R"("reviewStatus":"{}","reviewResult":{{"reviewAnswer":"{}"}},{}}})",
                     *rc::gen::inRange(1, 3), *rc::gen::inRange(1, 3), *rc::gen::element("true", "\"false\""),
                     *rc::gen::element("init", "completed"), answer, time);
}

inline std::string kick_body(const std::string& type, const std::string& now) {
  const auto number = [](int below) { return *rc::gen::inRange(1, below); };
  const std::string channel = fmt::format(R"("broadcaster":{})", user(number(3), 1));
  const std::string person = user(number(4), number(3));
  const std::string start = *rc::gen::element("2025-03-01T10:00:00Z", "2025-03-01T23:00:00+11:00");
  if (type == "chat.message.sent") return fmt::format(R"({{{},"sender":{},"created_at":"{}"}})", channel, person, now);
  if (type == "channel.followed") return fmt::format(R"({{{},"follower":{}}})", channel, person);
  if (type.starts_with("channel.subscription.") && !type.ends_with("gifts")) {
    return fmt::format(R"({{{},"subscriber":{},"duration":{},"created_at":"{}","expires_at":"{}"}})", channel, person,
                       number(3), start, now);
  }
  if (type == "channel.subscription.gifts") {
    return fmt::format(R"({{{},"gifter":{{"user_id":null}},"giftees":[{},{}],"created_at":"{}"}})", channel, person,
                       user(number(4), 1), now);
  }
  if (type == "channel.reward.redemption.updated") {
    return fmt::format(R"({{"id":"r{}",{},"redeemer":{},"status":"{}","redeemed_at":"2025-03-01T09:00:00.5Z"}})",
                       number(3), channel, person, *rc::gen::element("pending", "accepted", "rejected"));
  }
  if (type == "livestream.status.updated") {
    const std::string end = *rc::gen::element(fmt::format("\"{}\"", now), std::string("null"));
    return fmt::format(R"({{{},"title":"t{}","started_at":"{}","ended_at":{}}})", channel, number(3), start, end);
  }
  if (type == "livestream.metadata.updated") {
    return fmt::format(R"({{{},"metadata":{{"title":"t{}","language":null,"Category":{{"id":{}}}}}}})", channel,
                       number(3), number(3));
  }
  if (type == "moderation.banned") {
    return fmt::format(R"({{{},"banned_user":{},"metadata":{{"created_at":"{}","expires_at":null}}}})", channel, person,
                       now);
  }
  if (type == "kicks.gifted") {
    return fmt::format(R"({{{},"sender":{},"gift":{{"type":"T","amount":{}}},"created_at":"{}"}})", channel, person,
                       number(3), now);
  }
  return fmt::format(R"({{"broadcaster_user_id":{},"viewer_count":{},"live":{},"stream_started_at":"{}","title":"p{}",)"
                     R"("sampled_at":"{}"}})",
                     number(3), number(100), *rc::gen::element("true", "false"), start, number(3), now);
}

}  // namespace history

inline std::vector<Fact> random_history(size_t facts_max) {
  const size_t count = *rc::gen::inRange<size_t>(1, facts_max + 1);
  std::vector<Fact> facts;
  for (size_t i = 0; i < count; ++i) {
    Fact fact;
    fact.number = i + 1;
    fact.type = registry()[*rc::gen::inRange<size_t>(0, registry().size())].type;
    fact.happened = at("2025-03-01T12:00:00.250Z") + i * kBetweenFacts;
    const std::string now = to_rfc3339(fact.happened);
    if (fact.type.starts_with("kick.")) {
      fact.body = history::kick_body(fact.type.substr(5), now);
    } else if (fact.type.starts_with("sumsub.")) {
      const auto spaced = now.substr(0, 10) + " " + now.substr(11, 8);
      const auto time = *rc::gen::element(fmt::format(R"("createdAtMs":"{}.250")", spaced),
                                          fmt::format(R"("createdAt":"{}+0000")", spaced));
      fact.body = history::sumsub_body(time, *rc::gen::element<std::string>("GREEN", "RED"));
    } else {
      fact.body =
          fmt::format(R"({{"user_id":"{}","followers_count":{},"sampled_at":"{}"}})", *rc::gen::inRange(1, 3), i, now);
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

/// Returns messages of the history: one or two for each fact. The second message of a fact has another id and is sent
/// later than the first, but before the next fact.
inline std::vector<Event> random_deliveries(const std::vector<Fact>& facts) {
  std::vector<Event> events;
  for (const Fact& fact : facts) {
    const int delay = *rc::gen::inRange(0, 5'000);
    events.push_back(message_of(fact, 0, Millis{delay}));
    if (*rc::gen::arbitrary<bool>()) events.push_back(message_of(fact, 1, Millis{delay + *rc::gen::inRange(0, 4'999)}));
  }
  return events;
}

}  // namespace vf::projections
