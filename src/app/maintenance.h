// Maintenance: keeps one environment's database in order: retention, and a pass through quarantine at the start and
// every hour. `vf worker` runs it, or `vf up` in its one process; several processes may run it at once. Has threads of
// its own, from construction to drain().
#pragma once

#include <optional>
#include <string>

#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "receive/apply.h"
#include "settings/settings.h"
#include "store/environment_store.h"

namespace vf::app {

class Maintenance {
 public:
  struct Params {
    std::string environment;
    const settings::Environment& configured;
    obs::Services services;
    store::EnvironmentStore& store;
  };
  explicit Maintenance(Params params);
  /// Rows that are too old now, by the store's clock: a worker whose own clock is wrong must not empty the store.
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
  Pass pass_;                                   // used by the retrier's thread alone
  concurrency::PeriodicTask purger_, retrier_;  // last: they use the others
};

}  // namespace vf::app
