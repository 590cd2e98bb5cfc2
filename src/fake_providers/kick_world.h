// KickWorld: channels that go live and end, and viewers who chat, follow, subscribe, gift, redeem and are banned. It
// remembers what makes the next thing believable: who is live, subscribed, banned, what waits for an answer.
// Pure: chance and time are given. One thread.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "fake_providers/kick_bodies.h"
#include "fake_providers/payload.h"

namespace vf::fake_providers {

class KickWorld {
 public:
  struct Params {
    uint64_t seed = 1;
    uint32_t channels = 20;
    uint32_t viewers = 2'000;
    double odd_percent = 2;  // of each place where real payloads have been odd
  };
  explicit KickWorld(Params params);

  /// What happens next, at `now`. Always something.
  Payload next(Instant now, Random& random);

  struct Channel {
    Person owner;
    Stream stream;
    bool live = false;
    double heat = 1;  // how fast its chat runs, against the others
    std::optional<ChatMessage::Parent> last_line;
    std::string subscription_id;  // of the hub's subscription to it at Kick; one for all types is enough here
  };
  const std::vector<Channel>& channels() const { return channels_; }

 private:
  using Pair = std::pair<size_t, uint32_t>;  // a channel's place in channels_, a viewer's number
  struct Moment {
    Instant now;
    Random& random;
    Oddity odd;
  };
  struct Kind;

  Payload told(Moment& moment, const Channel& channel, std::string type, std::string body);
  size_t some_live_channel(Random& random) const;
  uint32_t some_viewer(Random& random) const;
  Person viewer(uint32_t number) const { return make_person(params_.seed, params_.channels + number); }

  // Each tells one thing; nullopt: there is nobody just now to whom it could happen.
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
