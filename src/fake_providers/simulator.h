// Simulator: runs the fake providers: the fake Kick's API on a listener of its own, and a thread that sends. `vf sim`
// and `vf up --sim` use it. One thread calls play() and stop(); any thread may call the other functions.
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
  std::string kick_key_pem{};  // private RSA key; empty: a new key is made
};

/// The webhook URLs of the hub, and the secret that the hub shares with Sumsub.
struct Receivers {
  std::string kick_url;
  std::string sumsub_url;
  std::string sumsub_secret;
};

class Simulator {
 public:
  /// Opens the API. `clock` must outlive the Simulator. Errors: `invalid`: kick_key_pem is not a key; `unavailable`:
  /// the listener cannot be opened.
  static Result<std::unique_ptr<Simulator>> start(SimulatorParams params, const Clock& clock);
  ~Simulator();  // stops sending, and closes the API

  std::string api_url() const { return api_->url(); }
  const std::string& kick_key_pem() const { return params_.kick_key_pem; }
  std::string kick_public_pem() const;

  /// Starts the thread that sends. Call it at most once.
  Result<void> play(const Receivers& receivers);
  /// Returns whether all events are sent and answered; never true without a count or a duration.
  bool is_finished() const { return finished_; }
  /// Stops sending and drops the requests in flight. The API stays open.
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
