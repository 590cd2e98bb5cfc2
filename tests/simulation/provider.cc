#include "provider.h"

#include "event/identity.h"

namespace vf::simulation {
namespace {

std::string ulid(Instant time, uint64_t salt) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string out(26, '0');
  auto ms = static_cast<uint64_t>(unix_millis(time));
  for (size_t i = 10; i-- > 0; ms >>= 5) out[i] = kDigits[ms & 31];
  for (size_t i = 26; i-- > 10; salt >>= 5) out[i] = kDigits[salt & 31];
  return out;
}

std::string person(uint64_t id) {
  return fmt::format(R"({{"user_id":{},"username":"u{}","is_verified":false,"channel_slug":"c{}"}})", id, id, id);
}

struct Fact {
  std::string type, body;
};

// Draws values from small domains, so that many facts change the same rows.
Fact some_fact(Random& random) {
  const uint64_t channel = 1 + random.below(2);
  switch (random.below(8)) {
    case 0:
      return {"kick.drops.claim", R"({"no_projector":"wants this"})"};
    case 1:
      return {"kick.channel.followed", R"({"broadcaster":"poison"})"};
    case 2:
    case 6:
    case 7:
      return {"kick.livestream.metadata.updated",
              fmt::format(R"({{"broadcaster":{},"metadata":{{"title":"t{}","language":"en","has_mature_content":false,)"
                          R"("category":{{"id":{},"name":"n","thumbnail":""}}}}}})",
                          person(channel), random.below(9), random.below(3))};
    case 3:
      return {
          "kick.channel.reward.redemption.updated",
          fmt::format(R"({{"id":"{}","user_input":"","status":"{}","redeemed_at":"2025-12-02T22:54:19.323Z",)"
                      R"("reward":{{"id":"r","title":"t","cost":1,"description":""}},"redeemer":{},"broadcaster":{}}})",
                      ulid(Instant{}, random.below(3)), random.below(2) == 0 ? "pending" : "accepted",
                      person(7 + random.below(2)), person(channel))};
    default:
      return {"kick.channel.followed",
              fmt::format(R"({{"broadcaster":{},"follower":{}}})", person(channel), person(10 + random.below(4)))};
  }
}

}  // namespace

void Provider::make() {
  auto& random = params_.around.random;
  Fact fact = some_fact(random);
  store::AddEvent add;
  Event& event = add.event;
  event.source = "kick";
  event.type = std::move(fact.type);
  event.body = std::move(fact.body);
  event.is_json = true;
  event.headers = "{}";
  event.time = params_.around.clock.now() - Millis{static_cast<int64_t>(random.below(60'000))};
  event.message_id = ulid(event.time, random.next());
  event.id = event_id(event.source, event.message_id, std::nullopt);
  event.fact_key = event.message_id;
  event.sandbox = random.below(20) == 0;
  add.fan_out = random.below(20) != 0;
  if (random.below(10) == 0) {
    add.body_key = std::string(32, static_cast<char>('a' + random.below(26)));
    add.replay_guard = Millis{1 + static_cast<int64_t>(random.below(600'000))};
  }
  messages_.push_back({std::move(add)});
  send(messages_.size() - 1);
}

void Provider::send(size_t index) {
  const Instant deadline = params_.around.clock.now() + Millis{4000};
  Ingest& replica = *params_.replicas[params_.around.random.below(params_.replicas.size())];
  replica.add(messages_[index].event, deadline,
              [this, index](Result<store::WriteResult> result) { answered(index, result); });
}

void Provider::answered(size_t index, const Result<store::WriteResult>& result) {
  if (!result) return;  // the answer is 503: send_again() repeats the event
  const auto& added = std::get<store::EventAdded>(*result);
  const auto* row = params_.outbox.true_row(added.event_id);
  require(row != nullptr, "{} was acknowledged and is not committed", added.event_id.to_string());
  require(added.duplicate || row->event.body == messages_[index].event.event.body, "{} was committed changed",
          added.event_id.to_string());
  acknowledged_.insert(added.event_id);
  messages_[index].answered = params_.around.random.below(5) != 0;  // otherwise the answer is lost
}

void Provider::send_again() {
  if (messages_.empty()) return;
  const size_t index = params_.around.random.below(messages_.size());
  if (!messages_[index].answered || params_.around.random.below(10) == 0) send(index);
}

void Provider::send_all_again() {
  for (size_t i = 0; i < messages_.size(); ++i) {
    if (!messages_[i].answered) send(i);
  }
}

}  // namespace vf::simulation
