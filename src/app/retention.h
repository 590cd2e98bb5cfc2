// Retention: removes from the shared store what is older than configured, in bounded steps that take their turn among
// the committer's writes. A thread of its own, from construction to drain().
#pragma once

#include <string>
#include <vector>

#include "concurrency/periodic_task.h"
#include "config/config.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::app {

class Retention {
 public:
  struct Params {
    const config::Ingest& configured;
    obs::Services services;
    store::OutboxStore& store;
    std::vector<std::string> consumers;  // what they have not passed is kept
  };
  /// What is too old at this moment, by the store's clock: a hub whose own is wrong must not empty it.
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
