// Reconciler: proves hour after hour, once each is over and copied, that outbox and raw log hold the same; what is
// missing is handed to the feeder, and the hours are looked at again until they are equal. How far it came is a setting
// of the store. A single-threaded state machine: a thread of the process that holds its lease steps it.
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
  Instant reconciled_to;                      // hours before it are proved
  std::map<std::string, int64_t> difference;  // by source, of the last round
  std::string last_error;                     // of the last round; empty: it was done
};

class Reconciler {
 public:
  struct Params {
    ReconciliationPorts ports;
    outbox::Writer& writer;  // completions may come on any thread
    const Clock& clock;
    Millis grace{600'000};   // after an hour's end, for what was committed late
    Millis pause{60'000};    // after a failure, or while the feeder is behind
    Millis repair{300'000};  // the feeder's time for what was missing
  };
  explicit Reconciler(Params params) : params_(std::move(params)) {}

  /// One round, if one is due. Call again when the returned time is up.
  Millis step();
  /// From any thread.
  ReconcilerStatus status() const;
  /// From any thread: a round under way ends soon, without a result.
  void stop() { stopped_ = true; }

 private:
  Result<void> recall();
  Result<bool> is_copied(Instant to);
  Millis record(const Reconciliation& proof);
  Millis fail(const Error& error);

  const Params params_;
  std::atomic<bool> stopped_{false};
  bool recalled_ = false;
  Position resume_;
  mutable std::mutex mutex_;
  ReconcilerStatus status_;
};

inline constexpr std::string_view kReconciledSetting = "raw-log.proved";  // "<position> <hour>"

}  // namespace vf::raw_log
