#include "fake_providers/fake_kick.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fake_providers/made_ids.h"

namespace vf::fake_providers {
namespace {

constexpr size_t kWaitingRedemptionsMax = 500;
constexpr auto kForEver = Instant::max();

}  // namespace

/// A kind of event and how often it happens, in a thousand.
struct FakeKick::Kind {
  uint64_t weight;
  std::optional<Payload> (FakeKick::*make)(Moment&);
};

FakeKick::FakeKick(Params params) : params_(params) {
  params_.channels = std::max(1u, params_.channels);
  params_.viewers = std::max(10u, params_.viewers);
  SeededRandom random(params_.seed);
  for (uint32_t i = 0; i < params_.channels; ++i) {
    Channel channel;
    channel.owner = make_person(params_.seed, i);
    channel.stream.language = language_code(channel.owner.script);
    channel.stream.category = random.below(kCategories);
    channel.stream.mature = random.below(6) == 0;
    channel.subscription_id = make_ulid(from_unix_millis(1'760'000'000'000), random);
    channels_.push_back(std::move(channel));
  }
}

Payload FakeKick::next(Instant now, Random& random) {
  static constexpr std::array<Kind, 10> kKinds{{{868, &FakeKick::chat},
                                                {40, &FakeKick::follow},
                                                {6, &FakeKick::change_status},
                                                {8, &FakeKick::change_metadata},
                                                {12, &FakeKick::subscribe},
                                                {8, &FakeKick::renew},
                                                {8, &FakeKick::gift},
                                                {26, &FakeKick::redeem},
                                                {8, &FakeKick::ban},
                                                {16, &FakeKick::give_kicks}}};
  Moment moment{now, random, Oddity(random, params_.odd_percent)};
  const bool any_live = std::ranges::any_of(channels_, &Channel::live);
  uint64_t drawn = random.below(1000);
  const auto* kind = kKinds.begin();
  for (; drawn >= kind->weight; ++kind) drawn -= kind->weight;
  if (!any_live) return *change_status(moment);
  if (auto payload = (this->*kind->make)(moment)) return *std::move(payload);
  return *chat(moment);
}

Payload FakeKick::payload_of(Moment& moment, const Channel& channel, std::string type, std::string body) {
  return {.provider = Provider::kick,
          .type = std::move(type),
          .id = make_ulid(moment.now, moment.random),
          .subscription_id = channel.subscription_id,
          .body = std::move(body),
          .doubled_date = moment.odd.strikes()};
}

size_t FakeKick::some_live_channel(Random& random) const {
  double total = 0;
  for (const Channel& channel : channels_) total += channel.live ? channel.heat : 0;
  double drawn = random.unit() * total;
  size_t chosen = 0;
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (!channels_[i].live) continue;
    chosen = i;
    drawn -= channels_[i].heat;
    if (drawn < 0) break;
  }
  return chosen;
}

/// Returns a viewer's number. A few viewers are chosen often, most hardly ever.
uint32_t FakeKick::some_viewer(Random& random) const {
  return static_cast<uint32_t>(std::pow(random.unit(), 2.5) * params_.viewers);
}

std::optional<Payload> FakeKick::change_status(Moment& moment) {
  // The more channels are live, the likelier one of them ends: about half are live at any time.
  const auto live = static_cast<size_t>(std::ranges::count_if(channels_, &Channel::live));
  const bool start = live == 0 || moment.random.below(channels_.size()) >= live;
  size_t at = moment.random.below(channels_.size());
  while (channels_[at].live == start) at = (at + 1) % channels_.size();
  Channel& channel = channels_[at];
  if (channel.live) {
    channel.live = false;
    channel.stream.ended_at = moment.now;
  } else {
    channel.live = true;
    channel.stream.title = make_title(channel.owner.script, moment.random);
    channel.stream.started_at = moment.now;
    channel.stream.ended_at.reset();
    channel.heat = 1 + moment.random.unit() * 3;
  }
  return payload_of(moment, channel, "livestream.status.updated",
                    status_body(channel.owner, channel.stream, moment.odd));
}

std::optional<Payload> FakeKick::change_metadata(Moment& moment) {
  Channel& channel = channels_[some_live_channel(moment.random)];
  channel.stream.title = make_title(channel.owner.script, moment.random);
  if (moment.random.below(2) == 0) channel.stream.category = moment.random.below(kCategories);
  return payload_of(moment, channel, "livestream.metadata.updated",
                    metadata_body(channel.owner, channel.stream, moment.odd));
}

std::optional<Payload> FakeKick::chat(Moment& moment) {
  Random& random = moment.random;
  const size_t at = some_live_channel(random);
  Channel& channel = channels_[at];
  // Now and then the chat of a stream runs hot; then it cools down.
  const bool burst = channel.heat > 8;
  channel.heat = random.below(300) == 0 ? 40 : std::max(1.0, channel.heat * 0.99);
  const uint32_t number = some_viewer(random);
  const auto banned = banned_until_.find({at, number});
  const bool is_banned = banned != banned_until_.end() && banned->second > moment.now;
  const bool by_owner = is_banned || random.below(60) == 0;
  const Person sender = by_owner ? channel.owner : viewer(number);
  const auto months = months_subscribed_.find({at, number});
  ChatMessage message{.message_id = make_uuid(random),
                      .channel = channel.owner,
                      .sender = sender,
                      .by_owner = by_owner,
                      .months_subscribed = months == months_subscribed_.end() || by_owner ? 0 : months->second,
                      .line = burst ? make_shout(random) : make_line(sender.script, random),
                      .at = moment.now,
                      .parent = random.below(12) == 0 ? channel.last_line : std::nullopt};
  channel.last_line = {message.message_id, message.line.content, sender};
  return payload_of(moment, channel, "chat.message.sent", chat_body(message, moment.odd));
}

std::optional<Payload> FakeKick::follow(Moment& moment) {
  const size_t at = some_live_channel(moment.random);
  const auto number = static_cast<uint32_t>(moment.random.below(params_.viewers));
  if (!followers_.emplace(at, number).second) return std::nullopt;
  return payload_of(moment, channels_[at], "channel.followed",
                    follow_body(channels_[at].owner, viewer(number), moment.odd));
}

std::optional<Payload> FakeKick::subscribe(Moment& moment) {
  const size_t at = some_live_channel(moment.random);
  const uint32_t number = some_viewer(moment.random);
  if (!months_subscribed_.emplace(Pair(at, number), 1).second) return std::nullopt;
  const Person subscriber = viewer(number);
  const Subscription subscription{channels_[at].owner, subscriber, 1, moment.now};
  return payload_of(moment, channels_[at], "channel.subscription.new", subscription_body(subscription, moment.odd));
}

std::optional<Payload> FakeKick::renew(Moment& moment) {
  if (months_subscribed_.empty()) return std::nullopt;
  auto found = months_subscribed_.lower_bound({some_live_channel(moment.random), some_viewer(moment.random)});
  if (found == months_subscribed_.end()) found = months_subscribed_.begin();
  auto& [who, months] = *found;
  ++months;
  const Person subscriber = viewer(who.second);
  const Subscription subscription{channels_[who.first].owner, subscriber, months, moment.now};
  return payload_of(moment, channels_[who.first], "channel.subscription.renewal",
                    subscription_body(subscription, moment.odd));
}

std::optional<Payload> FakeKick::gift(Moment& moment) {
  Random& random = moment.random;
  const size_t at = some_live_channel(random);
  constexpr std::array<size_t, 6> kSizes{1, 1, 1, 5, 5, 10};
  std::set<uint32_t> numbers;
  for (size_t count = kSizes[random.below(kSizes.size())]; numbers.size() < count;) {
    numbers.insert(static_cast<uint32_t>(random.below(params_.viewers)));
  }
  const Person gifter = viewer(some_viewer(random));
  Gift gift{.channel = channels_[at].owner,
            .gifter = random.below(4) == 0 ? nullptr : &gifter,
            .giftees = {},
            .at = moment.now};
  for (const uint32_t number : numbers) {
    gift.giftees.push_back(viewer(number));
    months_subscribed_.emplace(Pair(at, number), 1);
  }
  return payload_of(moment, channels_[at], "channel.subscription.gifts", gifts_body(gift, moment.odd));
}

std::optional<Payload> FakeKick::redeem(Moment& moment) {
  Random& random = moment.random;
  const bool decide = waiting_redemptions_.size() > kWaitingRedemptionsMax || random.below(2) == 0;
  if (decide && !waiting_redemptions_.empty()) {
    const auto [at, redemption] = std::move(waiting_redemptions_.front());
    waiting_redemptions_.pop_front();
    const std::string_view status = random.below(3) == 0 ? "rejected" : "accepted";
    return payload_of(moment, channels_[at], "channel.reward.redemption.updated",
                      redemption_body(redemption, status, moment.odd));
  }
  const size_t at = some_live_channel(random);
  Redemption redemption;
  redemption.channel = channels_[at].owner;
  redemption.redeemer = viewer(some_viewer(random));
  redemption.id = make_ulid(moment.now, random);
  redemption.reward = random.below(4);
  SeededRandom fixed(params_.seed + at * 8 + redemption.reward);
  redemption.reward_id = make_ulid(from_unix_millis(1'764'000'000'000), fixed);
  redemption.input = random.below(2) == 0 ? "" : make_line(redemption.redeemer.script, random).content;
  redemption.at = moment.now;
  waiting_redemptions_.emplace_back(at, redemption);
  return payload_of(moment, channels_[at], "channel.reward.redemption.updated",
                    redemption_body(redemption, "pending", moment.odd));
}

std::optional<Payload> FakeKick::ban(Moment& moment) {
  Random& random = moment.random;
  const size_t at = some_live_channel(random);
  const uint32_t number = some_viewer(random);
  Instant& until = banned_until_[{at, number}];
  if (until > moment.now) return std::nullopt;
  const Person moderator = random.below(2) == 0 ? channels_[at].owner : viewer(some_viewer(random));
  const Person banned = viewer(number);
  Ban ban{channels_[at].owner, moderator, banned, moment.now, std::nullopt};
  if (random.below(3) != 0) ban.until = moment.now + std::chrono::minutes{1 + random.below(60)};
  until = ban.until.value_or(kForEver);
  return payload_of(moment, channels_[at], "moderation.banned", ban_body(ban, random, moment.odd));
}

std::optional<Payload> FakeKick::give_kicks(Moment& moment) {
  const Channel& channel = channels_[some_live_channel(moment.random)];
  const Person sender = viewer(some_viewer(moment.random));
  const Kicks kicks{channel.owner, sender, moment.now};
  return payload_of(moment, channel, "kicks.gifted", kicks_body(kicks, moment.random, moment.odd));
}

}  // namespace vf::fake_providers
