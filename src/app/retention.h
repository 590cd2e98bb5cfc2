// Retention: removes rows of the shared store that are older than `ingest.retention`, and dead letters that are older
// than every target's `max_backlog` too. It works in bounded steps, which the committer writes. Has a thread of its
// own, from construction to drain().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "settings/settings.h"
#include "store/outbox_store.h"
#include "watch/trusted_time.h"

namespace vf::app {

class Retention {
 public:
  struct Params {
    const settings::Ingest& configured;
    obs::Services services;
    watch::TrustedTime& time;
    std::vector<std::string> consumers;          // a row that one of them has not passed is kept
    Millis max_backlog = std::chrono::days{30};  // of the targets, the largest: dead letters are kept so long
  };
  /// Returns the step that is due now: it removes the rows that are too old by the store's clock. The hub's own clock
  /// does not count, because a wrong one must not empty the store. nullopt: a clock is in doubt, so nothing is removed.
  static Result<std::optional<store::RetentionStep>> due(const Params& params);

  Retention(Params params, outbox::Writer& writer);

  /// Finishes the step under way, then ends the thread.
  void drain(Millis at_most);

 private:
  Millis step();

  const Params params_;
  outbox::Writer& writer_;
  concurrency::PeriodicTask thread_;  // last: it uses the other members
};

}  // namespace vf::app
