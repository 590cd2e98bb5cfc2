// Probes: finds rows to try the lake with, while a row that failed stands at the feeder's cursor: rows after it that
// the log lacks. Each row is tried once; if it fails, it waits for the cursor. But the lake may have been broken at
// that moment: when it recovers, the row is tried again, kTriesMax times in all; and while the lake fails every row,
// one of those that failed is tried when there is no other. Single-threaded.
#pragma once

#include <map>
#include <vector>

#include "base/random.h"
#include "raw_log/inserter.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

class Probes {
 public:
  static constexpr int kTriesMax = 3;

  Probes(store::OutboxStore& outbox, Inserter& inserter) : outbox_(outbox), inserter_(inserter) {}

  /// Finds rows after `stuck`, unless it holds some already. It finds none while the lake cannot be read. Errors
  /// are those of the outbox.
  Result<void> find(Position stuck);
  bool is_empty() const { return rows_.empty(); }
  /// Takes one of the rows at random. There must be one.
  store::OutboxRow take(Random& random);
  /// The probe with this row has failed. `counts`: the lake does not fail every row at this time.
  void note_failed(Uuid event_id, bool counts);
  /// Lets one of the rows that failed be found again, if there is one.
  void allow_one_again(Random& random);
  /// The lake has stored a row again after it had failed every row for a while.
  void lake_recovered();
  /// The cursor has moved: rows are searched anew.
  void clear();

 private:
  store::OutboxStore& outbox_;
  Inserter& inserter_;
  std::vector<store::OutboxRow> rows_;
  Position searched_to_;
  struct Failed {
    int tries = 0;
    bool waits = true;  // for the cursor; false: may be found again
  };
  std::map<Uuid, Failed> failed_;
};

}  // namespace vf::raw_log
