// Process: a running vf of any role, from its start to the end of its drain. Composes the roles. One thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/admin_role.h"
#include "app/environment_role.h"
#include "app/fake_providers.h"
#include "app/ingest_role.h"
#include "app/process_jobs.h"
#include "app/reloads.h"
#include "settings/running.h"
#include "watch/trusted_time.h"

namespace vf::app {

struct ProcessParams {
  settings::LoadParams load;               // `simulated`: the role `up` also runs the fake providers
  settings::Loaded loaded;                 // with `load`
  std::function<bool(Millis)> pause = {};  // of the wait for a store: waits; returns false when the process is to stop
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

  /// Starts everything; when it returns, the process is ready. Call block_signals() before.
  Result<Addresses> start();
  obs::Log& log() { return log_; }
  /// The settings with which the process has started.
  const settings::Settings& config() const { return config_; }
  /// Reads the configuration again (reloads.h).
  void reload() { reloads_.reload(); }

  /// Returns how long the process goes on serving requests after it was asked to stop: the longest drain_delay of its
  /// sections.
  Millis drain_delay() const;
  /// Makes /readyz answer 503 and goes on serving requests for this long. Call drain() soon after: from then on, waits
  /// for a store that does not answer are bounded.
  void become_unready(Millis serve_for);
  /// Stops accepting requests, finishes those in flight, then stops. Takes at most kDrainAtMost, even if a peer hangs
  /// or a store does not answer: what is not committed then was not acknowledged.
  void drain();

 private:
  Waiting waiting();
  std::shared_ptr<void> begin_to_wait();
  Result<void> start_fake_providers();
  Result<void> start_environments();
  Result<void> open_ingest();
  Result<void> run_ingest();
  Result<void> start_admin();
  AdminRole::Params admin_params();
  admin::Forward forward_to_environments();  // empty in a process that does not ingest
  admin::Quarantines quarantines();
  admin::JobPlaces job_places();  // as far as every role has them
  void limit_waits();

  const settings::LoadParams load_;
  const std::function<bool(Millis)> pause_;
  std::atomic<bool> is_waiting_ = false;  // for a store
  SystemClock clock_;
  settings::Running running_;
  settings::Settings config_;  // as at the start; only keys that need a restart are read from it
  obs::Log log_;
  obs::Metrics metrics_;
  obs::Health health_;
  obs::Services services_{clock_, log_, metrics_, health_};
  Reloads reloads_{running_, services_};
  watch::TrustedClocks clocks_{services_};
  std::unique_ptr<FakeProviders> fake_providers_;
  std::vector<std::unique_ptr<EnvironmentRole>> environments_;
  std::unique_ptr<IngestRole> ingest_;
  std::unique_ptr<AdminRole> admin_;
  std::unique_ptr<ProcessJobs> jobs_;
  std::jthread store_deadline_;
};

}  // namespace vf::app
