// Maintenance: the periodic work on one environment's database. It applies retention, and it projects all quarantined
// events again at the start of the process and every hour. `vf worker` and `vf up` run it; several processes may run it
// at once. Has two threads of its own, from construction to drain().
#pragma once

#include <optional>
#include <string>

#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "receive/apply.h"
#include "settings/settings.h"
#include "store/environment_store.h"
#include "watch/trusted_time.h"

namespace vf::app {

class Maintenance {
 public:
  struct Params {
    std::string environment;
    const settings::Environment& configured;
    obs::Services services;
    store::EnvironmentStore& store;
    watch::TrustedTime& time;
  };
  explicit Maintenance(Params params);
  /// Returns the purge that is due now: it removes the rows that are too old by the store's clock. The worker's own
  /// clock does not count, because a wrong one must not empty the store. nullopt: a clock is in doubt, so nothing is
  /// removed.
  static Result<std::optional<store::Purge>> due(const Params& params);

  /// Finishes the steps under way, then ends the threads.
  void drain();

 private:
  Millis purge();
  Millis retry_quarantined();

  /// One round of retries for all quarantined events; each step retries some of them.
  struct Pass {
    std::optional<Instant> begun;  // nullopt: no pass is under way
    receive::RetryCounts counts;
  };

  const Params params_;
  Pass pass_;                                   // only the thread of retrier_ uses it
  concurrency::PeriodicTask purger_, retrier_;  // last: their threads use the other members
};

}  // namespace vf::app
