// IngestRole: composes the role `ingest`: public listener, sources, committer, outbox, raw log, and the consumers of
// the outbox (consumers.h). A process has at most one instance. One thread calls open(), run() and drain().
#pragma once

#include <memory>
#include <string>

#include "app/admin_role.h"
#include "app/consumers.h"
#include "app/hub_jobs.h"
#include "app/operations.h"
#include "app/reloads.h"
#include "app/sources.h"
#include "app/store_wait.h"
#include "concurrency/periodic_task.h"
#include "http/server.h"
#include "intake/intake.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "settings/settings.h"
#include "watch/trusted_time.h"

namespace vf::app {

class IngestRole {
 public:
  struct Params {
    const settings::Settings& config;
    obs::Services services;
    watch::TrustedClocks& clocks;
    Waiting waiting = {};  // for a store that is away
  };
  /// Opens the stores. Fails when another process works on a store that cannot be shared. The error's message says what
  /// to do.
  static Result<std::unique_ptr<IngestRole>> open(Params params);
  /// Starts the workers, then listens.
  Result<void> run();
  ~IngestRole();

  const std::string& url() const { return url_; }
  jobs::Jobs& jobs() { return jobs_->jobs(); }
  /// Returns what the admin API reads and operates, and writes its audit log to.
  AdminRole::Ingesting for_admin();

  /// Makes the sources anew that the change concerns.
  Result<PutIntoForce> prepare(const Change& change);

  /// Stops accepting requests and lets those in flight finish. What is not committed in time is answered 503.
  void stop_listening(Millis at_most);
  /// Drains the consumers and the jobs, then the committer. Call stop_listening() before, else requests in flight are
  /// cut off.
  void drain(Millis at_most);

 private:
  explicit IngestRole(const Params& params)
      : config_(params.config), services_(params.services), environment_calls_({.clock = services_.clock}) {}
  Result<PutIntoForce> prepare_sources(const Change& change);
  Result<void> open_stores(const Waiting& waiting);
  Result<void> watch_clocks(watch::TrustedClocks& clocks);
  Result<void> start_workers();
  Result<void> listen();

  const settings::Settings& config_;
  obs::Services services_;
  std::string url_;
  std::unique_ptr<store::OutboxStore> outbox_;
  watch::TrustedTime* time_ = nullptr;  // of outbox_
  std::unique_ptr<lake::RawLog> lake_;
  std::unique_ptr<outbox::Committer> committer_;
  std::unique_ptr<Consumers> consumers_;
  std::unique_ptr<HubJobs> jobs_;
  sources::KeyFetcher key_fetcher_;
  std::unique_ptr<intake::Intake> intake_;
  EnvironmentCalls environment_calls_;
  std::unique_ptr<HubOperations> operations_;
  std::unique_ptr<concurrency::PeriodicTask> overdue_answers_;  // uses intake_, so it is declared after it
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
