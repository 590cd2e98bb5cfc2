// FanoutWatch: what operators have ordered of the targets, and whether the dispatchers obey. Every request is looked at
// when it is sent: none while a target is in dry-run, no event that it does not want or that its source keeps to
// itself, and nothing behind the durable cursor except exceptions (so after a detachment nothing older).
// Single-threaded.
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

  /// A target is about to get this request.
  void sent(size_t index, const http::Outgoing& request);
  /// An operator sets a mode; nullopt: resumes.
  void order(Ingest& ingest, size_t index, std::optional<fanout::Mode> mode);
  /// Looks at a target's status: a detachment is told and raises an alarm.
  void look(size_t index, const fanout::Status& status);
  /// The cursor passed this event on purpose without delivering it.
  bool is_passed_over(size_t index, const store::OutboxRow& row);

 private:
  struct Watched {
    fanout::Target target;
    uint64_t orders = 0;
    bool in_dry_run = false;  // the last order has been confirmed, and was for dry-run
    bool ever_dry_run = false;
    bool detached = false;  // when last looked at
    bool ever_detached = false;
  };
  bool has_exception(size_t index, Uuid id);

  SimOutbox& outbox_;
  Journal& journal_;
  std::vector<Watched> targets_;
};

}  // namespace vf::simulation
