// Player: sends the events of the fake providers at a chosen rate, retries refused ones as a provider would, and counts
// the answers. One thread runs it; stats() is for any.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>

#include "fake_providers/provider_mix.h"
#include "fake_providers/schedule.h"

namespace vf::fake_providers {

struct PlayerParams {
  double rate = 20;    // events a second; 0: as fast as the hub takes them
  uint64_t count = 0;  // ends after so many events; 0: never
  Millis duration{0};  // ends after so long; 0: never
  size_t in_flight_max = 64;
  size_t connections_max = 8;
  Millis answer_timeout{5'000};  // as Sumsub has it
  /// Called with a line of JSON for each delivery that is complete: {"provider","type","message_id","kind",
  /// "body_sha256","attempts","status","outcome","event_id"}. May be empty.
  std::function<void(std::string_view line)> record = {};
};

struct PlayerStats {
  uint64_t events = 0;  // made so far, each sent at least once
  uint64_t sent = 0;    // requests, retries among them
  uint64_t accepted = 0, duplicates = 0;
  uint64_t forgeries_refused = 0;   // as expected
  uint64_t forgeries_accepted = 0;  // must stay 0
  uint64_t retries = 0;             // not answered with 200, and sent again
  uint64_t given_up = 0;            // after the last retry
  uint64_t waiting = 0;             // due later, or in flight
};

class Player {
 public:
  Player(PlayerParams params, ProviderMix mix, Schedule schedule, const Clock& clock);

  /// Runs until all events are sent and answered. On `stop` requests in flight are dropped.
  void run(const std::stop_token& stop);
  PlayerStats stats() const;

 private:
  enum class Outcome { accepted, duplicate, forgery_refused, forgery_accepted, given_up };
  static constexpr size_t kOutcomes = static_cast<size_t>(Outcome::given_up) + 1;

  bool has_made_all() const;
  void make_events();
  void send();
  void on_answer(Delivery delivery, Result<http::Response> answer);
  void conclude(const Delivery& delivery, const Result<http::Response>& answer, Outcome outcome);

  const PlayerParams params_;
  ProviderMix mix_;
  Schedule schedule_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  std::chrono::nanoseconds began_{0};
  std::chrono::nanoseconds paced_until_{0};
  double budget_ = 0;  // events that may be made now

  std::atomic<uint64_t> events_{0}, sent_{0}, retries_{0}, waiting_{0};
  std::array<std::atomic<uint64_t>, kOutcomes> outcomes_{};  // by Outcome
};

}  // namespace vf::fake_providers
