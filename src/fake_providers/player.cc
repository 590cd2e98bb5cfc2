#include "fake_providers/player.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::fake_providers {

using namespace std::chrono_literals;

namespace {

constexpr size_t kWaitingMax = 100'000;  // no new events are made while this many wait to be sent
constexpr double kBurstSeconds = 0.2;    // events of a delay up to this are made later, other ones are dropped

/// Returns a string member of the response's JSON object; "" when there is none.
std::string member(const http::Response& response, const char* name) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) return {};
  return json[name].get<std::string>();
}

}  // namespace

Player::Player(PlayerParams params, ProviderMix mix, Schedule schedule, const Clock& clock)
    : params_(std::move(params)),
      mix_(std::move(mix)),
      schedule_(std::move(schedule)),
      clock_(clock),
      client_(http::Client::create({.allow_private = true, .connections_max = params_.connections_max})) {}

void Player::run(const std::stop_token& stop) {
  const std::stop_callback waking(stop, [this] { client_->wake(); });
  began_ = paced_until_ = clock_.steady();
  while (!stop.stop_requested()) {
    make_events();
    send();
    waiting_ = schedule_.size() + client_->in_flight();
    if (has_made_all() && waiting_ == 0) return;
    client_->poll(5ms);
  }
}

bool Player::has_made_all() const {
  return (params_.count > 0 && events_ >= params_.count) ||
         (params_.duration > 0s && clock_.steady() - began_ >= params_.duration);
}

void Player::make_events() {
  const auto now = clock_.steady();
  const std::chrono::duration<double> passed = now - std::exchange(paced_until_, now);
  const auto room = static_cast<double>(params_.in_flight_max - std::min(params_.in_flight_max, schedule_.size()));
  const double burst = std::max(1.0, params_.rate * kBurstSeconds);
  budget_ = params_.rate > 0 ? std::min(budget_ + params_.rate * passed.count(), burst) : room;
  for (; budget_ >= 1 && !has_made_all() && schedule_.size() < kWaitingMax; --budget_) {
    const Instant at = clock_.now();
    schedule_.add(mix_.next(at), at);
    ++events_;
  }
}

void Player::send() {
  while (client_->in_flight() < params_.in_flight_max) {
    auto delivery = schedule_.take(clock_.now());
    if (!delivery) return;
    ++sent_;
    http::Outgoing request = delivery->request;
    request.timeout = params_.answer_timeout;
    client_->send(std::move(request), [this, taken = *std::move(delivery)](Result<http::Response> answer) mutable {
      on_answer(std::move(taken), std::move(answer));
    });
  }
}

void Player::on_answer(Delivery delivery, Result<http::Response> answer) {
  const bool taken = answer && answer->status == 200;
  if (delivery.kind == Delivery::Kind::tampered) {
    if (taken) return conclude(delivery, answer, Outcome::forgery_accepted);
    if (answer && answer->status == 401) return conclude(delivery, answer, Outcome::forgery_refused);
  } else if (taken) {
    const bool repeated = member(*answer, "status") == "duplicate";
    return conclude(delivery, answer, repeated ? Outcome::duplicate : Outcome::accepted);
  }
  if (!retry_pause(delivery.attempts)) return conclude(delivery, answer, Outcome::given_up);
  ++retries_;
  schedule_.retry(std::move(delivery), clock_.now());
}

void Player::conclude(const Delivery& delivery, const Result<http::Response>& answer, Outcome outcome) {
  ++outcomes_[static_cast<size_t>(outcome)];
  if (!params_.record) return;
  constexpr std::array kNames{"accepted", "duplicate", "forgery-refused", "forgery-accepted", "given-up"};
  static_assert(kNames.size() == kOutcomes);
  const nlohmann::ordered_json line{{"provider", delivery.payload.provider == Provider::kick ? "kick" : "sumsub"},
                                    {"type", delivery.payload.type},
                                    {"message_id", delivery.payload.id},
                                    {"kind", to_string(delivery.kind)},
                                    {"body_sha256", to_hex(crypto::sha256(delivery.request.body))},
                                    {"attempts", delivery.attempts},
                                    {"status", answer ? answer->status : 0},
                                    {"outcome", kNames[static_cast<size_t>(outcome)]},
                                    {"event_id", answer ? member(*answer, "event_id") : ""}};
  params_.record(line.dump());
}

PlayerStats Player::stats() const {
  const auto of = [this](Outcome outcome) { return outcomes_[static_cast<size_t>(outcome)].load(); };
  return {.events = events_,
          .sent = sent_,
          .accepted = of(Outcome::accepted),
          .duplicates = of(Outcome::duplicate),
          .forgeries_refused = of(Outcome::forgery_refused),
          .forgeries_accepted = of(Outcome::forgery_accepted),
          .retries = retries_,
          .given_up = of(Outcome::given_up),
          .waiting = waiting_};
}

}  // namespace vf::fake_providers
