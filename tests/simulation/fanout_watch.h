// FanoutWatch: plays the operators of the targets, and checks that the dispatchers follow their orders. Every request
// is checked when it is sent: no request goes to a target in dry-run, and none carries an event that the target does
// not want, an event of a source in dry-run, or an event that the durable cursor has passed, unless the event is
// deferred or a dead letter (so nothing older is sent after a detachment). Single-threaded.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ingest.h"

namespace vf::simulation {

class FanoutWatch {
 public:
  FanoutWatch(SimOutbox& outbox, Surroundings around) : outbox_(outbox), journal_(around.journal) {}

  void add(const fanout::Target& target);

  /// Checks a request that is about to be sent to a target.
  void sent(size_t index, const http::Outgoing& request);
  /// Plays an operator who sets a mode or (nullopt) resumes the target.
  void order(Ingest& ingest, size_t index, std::optional<fanout::Mode> mode);
  /// Checks a target's status: a detachment must be reported and raise an alarm. Returns whether the target has been
  /// detached since the last check.
  bool check_status(size_t index, const fanout::Status& status);
  bool was_ever_dry_run(size_t index) const { return targets_[index].ever_dry_run; }
  /// Did the target's mode skip this event?
  bool is_skipped(size_t index, const store::OutboxRow& row);

 private:
  struct Watched {
    fanout::Target target;
    uint64_t orders = 0;
    bool in_dry_run = false;  // the last order was for dry-run, and is confirmed
    bool ever_dry_run = false;
    bool detached = false;  // at the last check
    bool ever_detached = false;
  };
  bool has_exception(size_t index, Uuid id);

  SimOutbox& outbox_;
  Journal& journal_;
  std::vector<Watched> targets_;
};

}  // namespace vf::simulation
