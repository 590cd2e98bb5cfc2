// Process: a running vf of any role, from its start to the end of its drain. Composes the roles. One thread.
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
#include "watch/trusted_time.h"

namespace vf::app {

struct ProcessParams {
  settings::Settings config;
  settings::Role role = settings::Role::up;
  std::string environment;  // the environment of the roles api and worker
  bool simulated = false;   // role up: also runs the fake providers
};

/// The URLs at which a process can be reached.
struct Addresses {
  std::string webhooks, admin, simulated_kick;                    // empty: the process does not have this listener
  std::vector<std::pair<std::string, std::string>> environments;  // name and URL of each receiver
};

inline constexpr Millis kDrainAtMost{7'500};

class Process {
 public:
  explicit Process(ProcessParams params);
  ~Process();

  /// Starts everything; when it returns, the process is ready. Call block_stop_signals() before.
  Result<Addresses> start();
  obs::Log& log() { return log_; }
  const settings::Settings& config() const { return params_.config; }

  /// Stops accepting requests, finishes those in flight, then stops. Takes at most kDrainAtMost, even if a peer hangs.
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
  watch::TrustedClocks clocks_{services_};
  std::unique_ptr<FakeProviders> fake_providers_;
  std::vector<std::unique_ptr<EnvironmentRole>> environments_;
  std::unique_ptr<IngestRole> ingest_;
  std::unique_ptr<AdminRole> admin_;
  std::unique_ptr<concurrency::PeriodicTask> memory_, health_logger_;
};

}  // namespace vf::app
