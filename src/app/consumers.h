// Consumers: composes the consumers of the outbox (a worker for each target, the raw log's feeder), reconciliation and
// retention. Each of them runs in the process that holds its lease. Registers them with the admin API, the metrics and
// the health checks. One thread calls start() and drain(); any thread may call the other functions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/api.h"
#include "app/retention.h"
#include "fanout/target_worker.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "outbox/committer.h"
#include "outbox/dead_letters.h"
#include "outbox/leased.h"
#include "raw_log/reconciliation_service.h"
#include "raw_log/worker.h"
#include "settings/settings.h"
#include "watch/trusted_time.h"

namespace vf::app {

class Consumers {
 public:
  struct Params {
    const settings::Settings& config;
    obs::Services services;
    store::OutboxStore& outbox;
    watch::TrustedTime& time;      // of the outbox, for retention and detachment
    lake::RawLog* lake = nullptr;  // nullptr: there is no raw log, hence no feeder and no reconciliation
    outbox::Committer& committer;
  };
  /// Error `invalid`: a target's configuration cannot work; the message names the target.
  static Result<std::unique_ptr<Consumers>> start(Params params);
  ~Consumers() { drain(Millis{0}); }

  /// Sets the members of `hub` that operate the consumers and read their statuses.
  void add_to(admin::Hub& hub);
  void publish_metrics();

  /// Drains all consumers in parallel, for at most `at_most`, and releases their leases.
  void drain(Millis at_most);

 private:
  explicit Consumers(Params params);
  Result<void> start_target(const settings::Target& configured);
  void start_feeder();
  void start_reconciliation();
  void start_retention();
  void wait_for_workers() const;
  outbox::LeaseKeeper::Params lease(std::string name) const;
  uint64_t seed(std::string_view consumer) const;

  std::shared_ptr<fanout::TargetWorker> worker(const std::string& target) const;
  const fanout::Target* target(const std::string& name) const;
  std::string holder_of(const std::string& target) const;
  fanout::Status status_from_store(const fanout::Target& target) const;
  raw_log::FeederStatus feeder_status() const;
  admin::LakeStatus lake_status() const;
  void publish_target(const std::string& name);
  void set_mode(const std::string& name, std::optional<fanout::Mode> mode, outbox::OnDone done);
  Result<void> is_consumer(const std::string& name) const;
  void row_changed(const std::string& consumer, Uuid event_id);

  const Params params_;
  const std::string holder_;
  const outbox::DeadLetters dead_letters_;
  std::vector<fanout::Target> targets_;
  std::map<std::string, std::unique_ptr<outbox::Leased<fanout::TargetWorker>>> workers_;
  std::unique_ptr<outbox::Leased<raw_log::Worker>> feeder_;
  std::unique_ptr<raw_log::ReconciliationService> reconciliation_;
  std::unique_ptr<outbox::Leased<Retention>> retention_;
};

}  // namespace vf::app
