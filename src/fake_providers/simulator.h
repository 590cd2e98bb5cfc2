// Simulator: the simulated providers as a running thing: their API on a listener of its own, and a thread that plays.
// For `vf sim` and `vf up --sim`. Thread safe but for play() and stop(), which the owner calls.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "http/server.h"
#include "fake_providers/player.h"

namespace vf::fake_providers {

struct SimulatorParams {
  WorldParams world{};
  Faults faults{};
  PlayerParams player{};
  std::string api_listen = "127.0.0.1:0";
  std::string kick_key_pem{};  // RSA, private; empty: a new one
};

/// Where the hub takes webhooks, and the secret it shares with Sumsub.
struct Receivers {
  std::string kick_url;
  std::string sumsub_url;
  std::string sumsub_secret;
};

class Simulator {
 public:
  /// Opens the API. Error: the key is none (invalid), or the address cannot be had (unavailable). `clock` outlives it.
  static Result<std::unique_ptr<Simulator>> start(SimulatorParams params, const Clock& clock);
  ~Simulator();  // as stop()

  std::string api_url() const { return api_->url(); }
  const std::string& kick_key_pem() const { return params_.kick_key_pem; }
  std::string kick_public_pem() const;

  /// Begins to send, on a thread of its own. Once.
  Result<void> play(const Receivers& receivers);
  /// All is told and answered (only with a count or a duration).
  bool is_finished() const { return finished_; }
  /// Stops sending; requests in flight are dropped. The API stays.
  void stop();
  PlayerStats stats() const;

 private:
  Simulator(SimulatorParams params, const Clock& clock) : params_(std::move(params)), clock_(clock) {}

  SimulatorParams params_;
  const Clock& clock_;
  std::unique_ptr<http::Server> api_;
  std::unique_ptr<Player> player_;
  std::atomic<bool> finished_{false};
  std::jthread thread_;
};

}  // namespace vf::fake_providers
