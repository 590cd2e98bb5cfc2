// Reconciler: reconciles the raw log with the outbox hour by hour, each hour once it is over and the feeder has copied
// its events. Missing events are handed to the feeder, and their hours are compared again until nothing is missing. The
// progress is kept in a setting of the store. A single-threaded state machine; it runs in the process that holds its
// lease.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "base/time.h"
#include "outbox/writer.h"
#include "raw_log/reconciliation.h"

namespace vf::raw_log {

struct ReconcilerStatus {
  Instant reconciled_to;                      // hours before this one are reconciled: nothing is missing
  std::map<std::string, int64_t> difference;  // by source: what differed in the last round
  std::string last_error;                     // of the last round; empty: the round succeeded
};

class Reconciler {
 public:
  struct Params {
    ReconciliationPorts ports;
    outbox::Writer& writer;  // completions may come on any thread
    const Clock& clock;
    Millis grace{600'000};   // how long a round waits after an hour's end for events that are committed late
    Millis pause{60'000};    // between rounds after a failure, or while the feeder is behind
    Millis repair{300'000};  // how long the feeder may take to insert missing events before the next round
  };
  explicit Reconciler(Params params) : params_(params) {}

  /// Runs one round, if one is due. Call it again when the returned time has passed.
  Millis step();
  /// May be called by any thread.
  ReconcilerStatus status() const;
  /// Ends a round under way soon, without a result. May be called by any thread.
  void stop() { stopped_ = true; }

 private:
  Result<void> load_progress();
  Result<bool> is_copied(Instant to);
  Millis record(const Reconciliation& found);
  Millis fail(const Error& error);

  const Params params_;
  std::atomic<bool> stopped_{false};
  bool loaded_ = false;
  Position resume_;
  mutable std::mutex mutex_;
  ReconcilerStatus status_;
};

/// The key of the setting that holds the progress, "<position> <hour>". It still uses the old word for "reconciled".
inline constexpr std::string_view kReconciledSetting = "raw-log.proved";

}  // namespace vf::raw_log
