// Maintenance: what keeps one environment's database in order beside its receiver: retention, and passes through
// quarantine, at start and every hour. Done by `vf worker`, or by `vf up` in its one process; several may do it at
// once. Threads of its own, from construction to drain().
#pragma once

#include <optional>
#include <string>

#include "concurrency/periodic_task.h"
#include "config/config.h"
#include "obs/services.h"
#include "receive/apply.h"
#include "store/environment_store.h"

namespace vf::app {

class Maintenance {
 public:
  struct Params {
    std::string environment;
    const config::Environment& configured;
    obs::Services services;
    store::EnvironmentStore& store;
  };
  explicit Maintenance(Params params);
  /// What is too old at this moment, by the store's clock: a worker whose own is wrong must not empty it.
  static Result<store::Purge> due(const Params& params);

  /// A step under way is finished first.
  void drain();

 private:
  Millis purge();
  Millis retry_quarantined();

  /// A pass through quarantine under way, a step at a time.
  struct Pass {
    std::optional<Instant> begun;
    receive::RetryCounts counts;
  };

  const Params params_;
  Pass pass_;                                   // the retrier's own
  concurrency::PeriodicTask purger_, retrier_;  // last: they use the others
};

}  // namespace vf::app
