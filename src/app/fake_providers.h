// FakeProviders: the fake providers beside a hub: plays Kick and Sumsub at the configured rate against the hub's own
// listener. One instance a process; start(), play() and stop() by one thread.
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
  /// Starts the providers' own API (Kick's public key). The signing key is kept in data_dir, so that a restarted hub
  /// still verifies deliveries that were signed before.
  static Result<std::unique_ptr<FakeProviders>> start(const settings::Settings& config, obs::Services services);

  std::string url() const { return simulator_->api_url(); }
  /// Makes the hub's sources accept the fake providers' signatures; Kick's published key stays valid.
  void point_sources_here(settings::Sources& sources);
  /// Begins to send webhooks to `hub`/webhooks/….
  Result<void> play(const std::string& hub);
  void stop() { simulator_->stop(); }

 private:
  explicit FakeProviders(std::unique_ptr<fake_providers::Simulator> simulator) : simulator_(std::move(simulator)) {}

  std::unique_ptr<fake_providers::Simulator> simulator_;
  std::string sumsub_secret_;
};

}  // namespace vf::app
