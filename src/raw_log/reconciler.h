// Reconciler: reconciles the raw log with the outbox hour after hour, once each hour is over and copied. Missing events
// are handed to the feeder, and their hours are compared again until nothing is missing. Its progress is a setting of
// the store. A single-threaded state machine: a thread of the process that holds its lease steps it.
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
  Instant reconciled_to;                      // in the hours before it nothing is missing
  std::map<std::string, int64_t> difference;  // by source, in the last round
  std::string last_error;                     // of the last round; empty: it succeeded
};

class Reconciler {
 public:
  struct Params {
    ReconciliationPorts ports;
    outbox::Writer& writer;  // completions may come on any thread
    const Clock& clock;
    Millis grace{600'000};   // after an hour's end, for events that are committed late
    Millis pause{60'000};    // after a failure, or while the feeder is behind
    Millis repair{300'000};  // how long the feeder may take to insert what was missing
  };
  explicit Reconciler(Params params) : params_(std::move(params)) {}

  /// One round, if one is due. Call again when the returned time has passed.
  Millis step();
  /// From any thread.
  ReconcilerStatus status() const;
  /// From any thread: a round under way ends soon, without a result.
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

/// The setting that holds the progress: "<position> <hour>". Its stored name is older than the word.
inline constexpr std::string_view kReconciledSetting = "raw-log.proved";

}  // namespace vf::raw_log
