// Probes: finds rows to try the lake with, while a row that failed stands at the feeder's cursor: rows after it that
// the log lacks. Each row is tried once; if it fails, it waits for the cursor, unless the lake fails all others too.
// Single-threaded.
#pragma once

#include <set>
#include <vector>

#include "base/random.h"
#include "raw_log/inserter.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

class Probes {
 public:
  Probes(store::OutboxStore& outbox, Inserter& inserter) : outbox_(outbox), inserter_(inserter) {}

  /// Finds rows after `stuck`, unless it holds some already. It finds none while the lake cannot be read. Errors
  /// are those of the outbox.
  Result<void> find(Position stuck);
  bool is_empty() const { return rows_.empty(); }
  /// Takes one of the rows at random. There must be one.
  store::OutboxRow take(Random& random);
  /// The probe with this row has failed.
  void note_failed(Uuid event_id);
  /// The lake fails every row: those that failed may be found again.
  void forget_failed();
  /// The cursor has moved: rows are searched anew.
  void clear();

 private:
  store::OutboxStore& outbox_;
  Inserter& inserter_;
  std::vector<store::OutboxRow> rows_;
  Position searched_to_;
  std::set<Uuid> failed_;
};

}  // namespace vf::raw_log
