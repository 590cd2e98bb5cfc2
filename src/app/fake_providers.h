// Simulation: the simulated providers beside a hub: plays Kick and Sumsub at the configured rate against its own
// listener. One instance a process; start(), play() and stop() by one thread.
#pragma once

#include <memory>
#include <string>

#include "obs/services.h"
#include "base/result.h"
#include "config/config.h"
#include "fake_providers/simulator.h"

namespace vf::app {

class Simulation {
 public:
  /// Starts the providers' own API (Kick's public key). The signing key is kept in data_dir, so that a restarted hub
  /// still believes what was signed before.
  static Result<std::unique_ptr<Simulation>> start(const config::Config& config, obs::Services services);

  std::string url() const { return simulator_->api_url(); }
  /// The hub's sources believe the simulated providers; Kick's own published key stays valid beside.
  void point_sources_here(config::Sources& sources);
  /// Begins to send webhooks to `hub`/webhooks/….
  Result<void> play(const std::string& hub);
  void stop() { simulator_->stop(); }

 private:
  explicit Simulation(std::unique_ptr<fake_providers::Simulator> simulator) : simulator_(std::move(simulator)) {}

  std::unique_ptr<fake_providers::Simulator> simulator_;
  std::string sumsub_secret_;
};

}  // namespace vf::app
