// Consumers: composes the consumers of the outbox (a worker for each target, the raw log's feeder). Each of them runs
// in the process that holds its lease. Registers them with the metrics and the health checks. One thread calls start()
// and drain(); any thread may call the other functions.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/reloads.h"
#include "concurrency/periodic_task.h"
#include "concurrency/replaceable.h"
#include "fanout/target_watch.h"
#include "fanout/target_worker.h"
#include "lake/raw_log.h"
#include "obs/services.h"
#include "outbox/committer.h"
#include "outbox/leased.h"
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
    watch::TrustedTime& time;      // of the outbox, for detachment
    lake::RawLog* lake = nullptr;  // nullptr: there is no raw log, hence no feeder
    outbox::Committer& committer;
  };
  /// Error `invalid`: a target's configuration cannot work; the message names the target.
  static Result<std::unique_ptr<Consumers>> start(Params params);
  ~Consumers() { drain(Millis{0}); }

  /// Returns the targets as configured, and one of them; nullopt when no target has this name.
  std::vector<fanout::Target> targets() const { return *targets_.get(); }
  std::optional<fanout::Target> target(const std::string& name) const;
  /// Returns the status of each target: of its worker, or, if another process works on it, as the store holds it.
  std::vector<fanout::Status> target_statuses() const;
  /// Returns the targets that the store holds events of, and that are no longer configured.
  std::vector<fanout::LeftTarget> left_targets() const { return watch_.left(); }
  /// An operator has ended the alarm of a left target.
  void dismissed(const std::string& target) { watch_.dismissed(target); }
  /// Returns a target's worker; nullptr when this process does not hold its lease, or has no such target.
  std::shared_ptr<fanout::TargetWorker> worker(const std::string& target) const;
  /// Returns the status of the raw log's feeder; to be called only where there is a raw log.
  raw_log::FeederStatus feeder_status() const;

  /// Has the consumer's worker in this process, if there is one, look at the row of this event.
  void row_changed(const std::string& consumer, Uuid event_id);
  void publish_metrics();

  /// Prepares new workers for the targets that the change concerns: each is drained and started again with its new
  /// settings, under the same lease. What its last requests did not deliver in a second or two is sent again.
  Result<PutIntoForce> prepare(const Change& change);

  /// Drains all consumers in parallel, for at most `at_most`, and releases their leases.
  void drain(Millis at_most);

 private:
  explicit Consumers(Params params);
  using TargetWorker = outbox::Leased<fanout::TargetWorker>;
  Result<void> start_target(const settings::Target& configured);
  TargetWorker::Start starter(const settings::Target& configured);
  void replace_workers(const std::vector<settings::Target>& configured);
  void warn_of_orders(const std::vector<fanout::Target>& targets) const;
  void start_feeder();
  void wait_for_workers() const;
  outbox::LeaseKeeper::Params lease(std::string name) const;
  uint64_t seed(std::string_view consumer) const;

  std::string holder_of(const std::string& target) const;
  fanout::Status status_from_store(const fanout::Target& target) const;
  void publish_target(const std::string& name);
  void publish_store();
  void read_store();

  const Params params_;
  const std::string holder_;
  concurrency::Replaceable<const std::vector<fanout::Target>> targets_;
  std::map<std::string, std::shared_ptr<fanout::Totals>> totals_;  // of each target
  std::map<std::string, std::unique_ptr<TargetWorker>> workers_;
  std::unique_ptr<outbox::Leased<raw_log::Worker>> feeder_;
  fanout::TargetWatch watch_{{.outbox = params_.outbox, .targets = [this] { return targets(); }}};
  std::set<std::string> left_;                        // left targets that have a health check
  std::unique_ptr<concurrency::PeriodicTask> reads_;  // uses the members above
};

}  // namespace vf::app
