// IngestRole: composes the shared tier: public listener, sources, committer, outbox, raw log, and the consumers of the
// outbox (consumers.h). One instance a process; open(), run() and drain() by one thread.
#pragma once

#include <memory>
#include <string>

#include "admin/api.h"
#include "app/consumers.h"
#include "app/sources.h"
#include "concurrency/periodic_task.h"
#include "http/server.h"
#include "intake/intake.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "settings/settings.h"

namespace vf::app {

class IngestRole {
 public:
  /// Opens the stores; fails when another process works on a store that cannot be shared. Errors say what to do.
  static Result<std::unique_ptr<IngestRole>> open(const settings::Settings& config, obs::Services services);
  /// Starts the workers, then listens.
  Result<void> run();
  ~IngestRole();

  const std::string& url() const { return url_; }
  /// The operations and statuses behind the admin API.
  admin::Hub hub();

  /// Stops accepting and lets requests in flight finish.
  void stop_listening(Millis at_most);
  /// Finishes what is in flight everywhere, then stops. After stop_listening().
  void drain(Millis at_most);

 private:
  IngestRole(const settings::Settings& config, obs::Services services) : config_(config), services_(services) {}
  Result<void> open_stores();
  Result<void> start_workers();
  Result<void> listen();

  const settings::Settings& config_;
  obs::Services services_;
  std::string url_;
  std::unique_ptr<store::OutboxStore> outbox_;
  std::unique_ptr<lake::RawLog> lake_;
  std::unique_ptr<outbox::Committer> committer_;
  std::unique_ptr<Consumers> consumers_;
  sources::KeyFetcher key_fetcher_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<concurrency::PeriodicTask> overdue_answers_;  // uses intake_
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
