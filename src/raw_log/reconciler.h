// Reconciler: reconciles the raw log with the outbox hour by hour, each hour once it is over and the feeder has copied
// its events. Missing events are handed to the feeder, and their hours are compared again until nothing is missing. The
// progress is kept in a setting of the store. A single-threaded state machine, made anew for each run of its job.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/time.h"
#include "outbox/writer.h"
#include "raw_log/reconciliation.h"

namespace vf::raw_log {

struct ReconcilerStatus {
  Instant reconciled_to;                      // hours before this one are reconciled: nothing is missing
  int64_t hours = 0;                          // compared by this reconciler, counted anew in each round
  std::map<std::string, int64_t> difference;  // by source: what differed in the last round
};

class Reconciler {
 public:
  struct Params {
    ReconciliationPorts ports;
    outbox::Writer& writer;  // completions may come on any thread
    const Clock& clock;
    Millis grace{600'000};  // how long a round waits after an hour's end for events that are committed late
    Millis pause{60'000};   // between rounds while the feeder is behind
    static constexpr Millis kRepair{300'000};
    Millis repair{kRepair};  // how long the feeder may take to insert missing events before the next round
    std::function<bool()> should_end = [] { return false; };  // polled during a round
  };
  explicit Reconciler(Params params) : params_(params) {}

  /// Runs one round, if one is due. Call it again when the returned time has passed. Errors are those of reconcile().
  Result<Millis> step();
  const ReconcilerStatus& status() const { return status_; }

 private:
  Result<void> load_progress();
  Result<bool> is_copied(Instant to);
  Millis record(const Reconciliation& found);

  const Params params_;
  bool loaded_ = false;
  Position resume_;
  ReconcilerStatus status_;
};

/// The key of the setting that holds the progress, "<position> <hour>". It still uses the old word for "reconciled".
inline constexpr std::string_view kReconciledSetting = "raw-log.proved";

}  // namespace vf::raw_log
