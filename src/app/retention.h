// Retention: removes rows of the shared store that are older than configured, in bounded steps that go through the
// committer. Has a thread of its own, from construction to drain().
#pragma once

#include <string>
#include <vector>

#include "concurrency/periodic_task.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "settings/settings.h"
#include "store/outbox_store.h"

namespace vf::app {

class Retention {
 public:
  struct Params {
    const settings::Ingest& configured;
    obs::Services services;
    store::OutboxStore& store;
    std::vector<std::string> consumers;  // rows that they have not passed are kept
  };
  /// Rows that are too old now, by the store's clock: a hub whose own clock is wrong must not empty the store.
  static Result<store::RetentionStep> due(const Params& params);

  Retention(Params params, outbox::Writer& writer);

  /// A step under way is finished first.
  void drain(Millis at_most);

 private:
  Millis step();

  const Params params_;
  outbox::Writer& writer_;
  concurrency::PeriodicTask thread_;  // last: uses the others
};

}  // namespace vf::app
