// Simulator: runs the fake providers: their API on a listener of its own, and a thread that sends. For `vf sim` and
// `vf up --sim`. Thread safe but for play() and stop(), which the owner calls.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "fake_providers/player.h"
#include "http/server.h"

namespace vf::fake_providers {

struct SimulatorParams {
  ProviderMixParams mix{};
  Faults faults{};
  PlayerParams player{};
  std::string api_listen = "127.0.0.1:0";
  std::string kick_key_pem{};  // RSA, private; empty: a new one
};

/// The webhook URLs of the hub, and the secret it shares with Sumsub.
struct Receivers {
  std::string kick_url;
  std::string sumsub_url;
  std::string sumsub_secret;
};

class Simulator {
 public:
  /// Opens the API. Error `invalid`: kick_key_pem is not a key; `unavailable`: cannot listen. `clock` outlives it.
  static Result<std::unique_ptr<Simulator>> start(SimulatorParams params, const Clock& clock);
  ~Simulator();  // as stop()

  std::string api_url() const { return api_->url(); }
  const std::string& kick_key_pem() const { return params_.kick_key_pem; }
  std::string kick_public_pem() const;

  /// Starts to send, on a thread of its own. Call it once.
  Result<void> play(const Receivers& receivers);
  /// All events are sent and answered (only with a count or a duration).
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
