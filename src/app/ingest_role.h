// IngestRole: the shared tier put together: public listener, sources, committer, outbox, raw log, and what follows the
// outbox (consumers.h). One instance a process; open(), run() and drain() by one thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/api.h"
#include "app/consumers.h"
#include "app/sources.h"
#include "concurrency/periodic_task.h"
#include "config/config.h"
#include "http/server.h"
#include "intake/intake.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "watch/store_trouble.h"

namespace vf::app {

class IngestRole {
 public:
  /// Opens the stores, which fails where another process works on them and cannot be shared. Errors say what to mend.
  static Result<std::unique_ptr<IngestRole>> open(const config::Config& config, obs::Services services);
  /// Starts the workers, then listens.
  Result<void> run();
  ~IngestRole();

  const std::string& url() const { return url_; }
  /// What the admin API reads and operates.
  admin::Hub hub();

  /// Stops accepting and lets requests in flight finish.
  void stop_listening(Millis at_most);
  /// Finishes what is in flight everywhere, then stops. After stop_listening().
  void drain(Millis at_most);

 private:
  struct SourceCounts {
    std::string mode;
    obs::Counter *accepted, *duplicate, *refused, *unavailable, *overloaded, *rejected, *handshake;
    obs::Histogram *answer_seconds, *provider_lag_seconds;
  };

  IngestRole(const config::Config& config, obs::Services services) : config_(config), services_(services) {}
  Result<void> open_stores();
  Result<void> start_workers();
  Result<void> listen();
  void count_sources(const SourceMap& sources);
  void observe(const intake::IntakeReport& report);
  void observe(const outbox::CommitReport& report, std::chrono::nanoseconds took);
  void publish_metrics();
  std::vector<admin::SourceStatus> source_statuses() const;

  const config::Config& config_;
  obs::Services services_;
  std::string url_;
  watch::StoreTrouble trouble_;
  std::unique_ptr<store::OutboxStore> outbox_;
  std::unique_ptr<lake::RawLog> lake_;
  std::unique_ptr<outbox::Committer> committer_;
  std::unique_ptr<Consumers> consumers_;
  std::map<std::string, SourceCounts, std::less<>> counts_;
  obs::Histogram *commit_seconds_ = nullptr, *commit_events_ = nullptr;
  sources::KeyFetcher key_fetcher_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<concurrency::PeriodicTask> overdue_answers_;  // uses intake_
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
