// FakeProviders: runs the fake Kick and Sumsub in the hub's own process (`vf up --sim`). They send to the hub's
// listener at the configured rate. A process has at most one instance; one thread calls start(), play() and stop().
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "fake_providers/simulator.h"
#include "obs/services.h"
#include "settings/settings.h"

namespace vf::app {

class FakeProviders {
 public:
  /// Starts the fake Kick's API, which serves its public key. The signing key is kept in data_dir, so that a restarted
  /// hub still verifies deliveries that were signed before the restart.
  static Result<std::unique_ptr<FakeProviders>> start(const settings::Settings& config, obs::Services services);

  std::string url() const { return simulator_->api_url(); }
  /// Changes `sources` so that the hub accepts the fake providers' signatures. Deliveries that the real Kick signed are
  /// still accepted.
  void point_sources_here(settings::Sources& sources);
  /// Begins to send webhooks to <hub>/webhooks/…; `hub` is the URL of the hub's listener.
  Result<void> play(const std::string& hub);
  void stop() { simulator_->stop(); }

 private:
  explicit FakeProviders(std::unique_ptr<fake_providers::Simulator> simulator) : simulator_(std::move(simulator)) {}

  std::unique_ptr<fake_providers::Simulator> simulator_;
  std::string sumsub_secret_;
};

}  // namespace vf::app
