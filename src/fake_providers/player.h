// Player: sends what the world tells at a chosen rate, repeats what was not taken as a provider would, and counts the
// answers. One thread runs it; stats() is for any.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>

#include "fake_providers/schedule.h"
#include "fake_providers/world.h"

namespace vf::fake_providers {

struct PlayerParams {
  double rate = 20;    // events of the world a second; 0: as fast as they are taken
  uint64_t count = 0;  // ends after so many events; 0: never
  Millis duration{0};  // ends after so long; 0: never
  size_t in_flight_max = 64;
  size_t connections_max = 8;
  Millis answer_timeout{5'000};  // as Sumsub has it
  /// Takes a line of JSON for each delivery that has come to its end: {"provider","type","message_id","kind",
  /// "body_sha256","attempts","status","outcome","event_id"}. Empty: none are written.
  std::function<void(std::string_view line)> record = {};
};

struct PlayerStats {
  uint64_t told = 0;  // events of the world
  uint64_t sent = 0;  // requests, retries among them
  uint64_t accepted = 0, duplicates = 0;
  uint64_t forgeries_refused = 0;   // as they must be
  uint64_t forgeries_accepted = 0;  // as must never be
  uint64_t retries = 0;             // not answered with 200, and sent again
  uint64_t given_up = 0;            // after the last retry
  uint64_t waiting = 0;             // due later, or in flight
};

class Player {
 public:
  Player(PlayerParams params, World world, Schedule schedule, const Clock& clock);

  /// Until all is told and answered, or a stop is asked for: then what is in flight is dropped.
  void run(const std::stop_token& stop);
  PlayerStats stats() const;

 private:
  enum class Outcome { accepted, duplicate, forgery_refused, forgery_accepted, given_up };

  bool is_told() const;
  void tell();
  void send();
  void on_answer(Delivery delivery, Result<http::Response> answer);
  void conclude(const Delivery& delivery, const Result<http::Response>& answer, Outcome outcome);

  const PlayerParams params_;
  World world_;
  Schedule schedule_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  std::chrono::nanoseconds began_{0};
  std::chrono::nanoseconds paced_until_{0};
  double budget_ = 0;  // events that may be told now

  std::atomic<uint64_t> told_{0}, sent_{0}, retries_{0}, waiting_{0};
  std::array<std::atomic<uint64_t>, 5> outcomes_{};  // by Outcome
};

}  // namespace vf::fake_providers
