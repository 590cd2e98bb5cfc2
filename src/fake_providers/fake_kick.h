// FakeKick: makes the events of a fake Kick: channels go live and end, viewers chat, follow, subscribe, gift, redeem
// and are banned. Keeps the state that makes the next event plausible: who is live, subscribed or banned, and which
// redemptions are pending. No I/O: randomness and time are arguments. One thread.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "fake_providers/kick_bodies.h"
#include "fake_providers/payload.h"

namespace vf::fake_providers {

class FakeKick {
 public:
  struct Params {
    uint64_t seed = 1;
    uint32_t channels = 20;
    uint32_t viewers = 2'000;
    double odd_percent = 2;  // probability of each odd shape that real payloads have had
  };
  explicit FakeKick(Params params);

  /// Returns the next event, which happens at `now`.
  Payload next(Instant now, Random& random);

  struct Channel {
    Person owner;
    Stream stream;
    bool live = false;
    double heat = 1;  // weight of its chat, relative to the other channels
    std::optional<ChatMessage::Parent> last_line;
    std::string subscription_id;  // the id of the hub's subscription at Kick; one for all types of events
  };
  const std::vector<Channel>& channels() const { return channels_; }

 private:
  using Pair = std::pair<size_t, uint32_t>;  // a channel's index in channels_, a viewer's number
  struct Moment {
    Instant now;
    Random& random;
    Oddity odd;
  };
  struct Kind;

  Payload payload_of(Moment& moment, const Channel& channel, std::string type, std::string body);
  size_t some_live_channel(Random& random) const;
  uint32_t some_viewer(Random& random) const;
  Person viewer(uint32_t number) const { return make_person(params_.seed, params_.channels + number); }

  // Each function makes one kind of event. It returns nullopt when no viewer or channel can have such an event now.
  std::optional<Payload> change_status(Moment& moment);
  std::optional<Payload> change_metadata(Moment& moment);
  std::optional<Payload> chat(Moment& moment);
  std::optional<Payload> follow(Moment& moment);
  std::optional<Payload> subscribe(Moment& moment);
  std::optional<Payload> renew(Moment& moment);
  std::optional<Payload> gift(Moment& moment);
  std::optional<Payload> redeem(Moment& moment);
  std::optional<Payload> ban(Moment& moment);
  std::optional<Payload> give_kicks(Moment& moment);

  Params params_;
  std::vector<Channel> channels_;
  std::set<Pair> followers_;
  std::map<Pair, int> months_subscribed_;
  std::map<Pair, Instant> banned_until_;
  std::deque<std::pair<size_t, Redemption>> waiting_redemptions_;
};

}  // namespace vf::fake_providers
