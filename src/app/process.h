// Process: a running vf of any role, from start to drained. The whole composition on one screen.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/admin_role.h"
#include "app/environment_role.h"
#include "app/fake_providers.h"
#include "app/ingest_role.h"
#include "concurrency/periodic_task.h"
#include "obs/health_log.h"
#include "settings/role.h"
#include "settings/settings.h"

namespace vf::app {

struct ProcessParams {
  settings::Settings config;
  settings::Role role = settings::Role::up;
  std::string environment;  // of the roles api and worker
  bool simulated = false;   // role up: plays the providers too
};

/// Where a process can be reached.
struct Addresses {
  std::string webhooks, admin, simulated_kick;  // empty: this process has none
  std::vector<std::pair<std::string, std::string>> environments;
};

inline constexpr Millis kDrainAtMost{7'500};

class Process {
 public:
  explicit Process(ProcessParams params);
  ~Process();

  /// Starts everything; on return the process is ready. Call block_stop_signals() before.
  Result<Addresses> start();
  obs::Log& log() { return log_; }
  const settings::Settings& config() const { return params_.config; }

  /// Stops accepting, finishes what is in flight, stops. Takes at most kDrainAtMost, even when a peer hangs.
  void drain();

 private:
  Result<void> start_fake_providers();
  Result<void> start_environments();
  Result<void> open_ingest();
  Result<void> run_ingest();
  Result<void> start_admin();

  ProcessParams params_;
  SystemClock clock_;
  obs::Log log_;
  obs::Metrics metrics_;
  obs::Health health_;
  obs::HealthLog health_log_{health_, log_};
  obs::Services services_{clock_, log_, metrics_, health_};
  std::unique_ptr<FakeProviders> fake_providers_;
  std::vector<std::unique_ptr<EnvironmentRole>> environments_;
  std::unique_ptr<IngestRole> ingest_;
  std::unique_ptr<AdminRole> admin_;
  std::unique_ptr<concurrency::PeriodicTask> memory_, health_logger_;
};

}  // namespace vf::app
