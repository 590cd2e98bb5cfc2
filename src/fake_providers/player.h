// Player: sends the events of the fake providers at a chosen rate, retries failed requests as a provider would, and
// counts the responses. As with a provider the status decides, whatever follows it; of a response that is cut (longer
// than 1 MiB, its connection broken) the event's id and whether it was a duplicate may be unknown. One thread calls
// run(); any thread may call stats().
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
  uint64_t count = 0;  // the run ends after so many events; 0: no limit
  Millis duration{0};  // no events are made after so long; 0: no limit
  size_t in_flight_max = 64;
  size_t connections_max = 8;
  Millis answer_timeout{5'000};  // the same as Sumsub's
  /// Called for each delivery that is complete, with a line of JSON: {"provider","type","message_id","kind",
  /// "body_sha256","attempts","status","outcome","event_id"}. May be empty.
  std::function<void(std::string_view line)> record = {};
};

struct PlayerStats {
  uint64_t events = 0;  // events made so far
  uint64_t sent = 0;    // requests sent, retries included
  uint64_t accepted = 0, duplicates = 0;
  uint64_t forgeries_refused = 0;   // forgeries that the hub refused, as it must
  uint64_t forgeries_accepted = 0;  // forgeries that the hub accepted: must stay 0
  uint64_t retries = 0;             // requests that were not answered with 200 and are sent again
  uint64_t given_up = 0;            // deliveries that failed in the last retry too
  uint64_t waiting = 0;             // deliveries that are due later or in flight
};

class Player {
 public:
  Player(PlayerParams params, ProviderMix mix, Schedule schedule, const Clock& clock);

  /// Sends until all events are made, sent and answered. When `stop` is requested, drops the requests in flight.
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
  double budget_ = 0;  // events that the rate allows to be made now

  std::atomic<uint64_t> events_{0}, sent_{0}, retries_{0}, waiting_{0};
  std::array<std::atomic<uint64_t>, kOutcomes> outcomes_{};  // by Outcome
};

}  // namespace vf::fake_providers
