// reconcile() compares outbox and raw log by hour of receipt and source: first counts and digests, then single ids
// where these differ. It only reads, and expects in the log only the events that the feeder's cursor has passed.
// repairs() returns the writes that make the feeder insert missing events; the feeder looks each id up in the log
// first. Single-threaded; the stores may be in use meanwhile.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/raw_log.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

struct ReconciliationRange {
  Instant from, to;     // times of receipt: from <= received < to, both rounded outwards to full hours
  Position after = {};  // where reading begins: every event of the range comes after this position
};

/// The result for one hour and source. Without a difference, the log holds every expected event once, and nothing else.
struct ReconciledHour {
  Instant hour;
  std::string source;
  int64_t outbox = 0;        // events that the feeder has passed
  int64_t lake = 0;          // rows of the log
  int64_t missing = 0;       // events that are not in the log
  int64_t dead_letters = 0;  // events not in the log that have a row in ingest_outbox_delivery for "raw-log"
  int64_t repeated = 0;      // rows of the log whose id another row has already
  int64_t unknown = 0;       // ids in the log that the outbox does not hold

  int64_t difference() const { return missing + repeated + unknown; }
};

struct MissingEvent {
  Position position;
  Uuid id;
};

struct Reconciliation {
  Instant from, to;                   // the hours that were compared; the outbox still holds them whole
  std::vector<ReconciledHour> lines;  // sorted by hour, then by source
  int64_t rows_read = 0;              // rows of the outbox that were read
  int64_t missing_total = 0;
  std::vector<MissingEvent> missing;  // the first kMissingMax missing events
  Position before_missing;            // no event up to this position is missing
  Position resume;                    // `after` for the next range, which begins at `to`

  int64_t difference() const;
};

struct ReconciliationPorts {
  store::OutboxStore& outbox;
  lake::RawLog& lake;
};

/// Compares the range. Polls `stop` and ends with the error `unavailable` once it returns true. Other errors are those
/// of the stores: `unavailable`, `internal`.
Result<Reconciliation> reconcile(const ReconciliationPorts& ports, const ReconciliationRange& range,
                                 const std::function<bool()>& stop);

/// Up to this many missing events are handed to the feeder one by one, as retries. When more are missing, the feeder's
/// cursor is moved back to before the first one.
inline constexpr int64_t kMissingMax = 1'000;
std::vector<store::Write> repairs(const Reconciliation& found, Instant now);

/// An operator's request to compare a range.
struct ReconciliationRequest {
  Instant from, to;     // times of receipt
  bool repair = false;  // true: missing events are handed to the feeder
};

/// The run that an operator started last.
struct ReconciliationStatus {
  std::string state = "none";  // none, running, done, failed
  std::string error;           // why the run failed; empty: it did not fail
  Instant from, to;            // the hours that were compared: those that the outbox holds whole
  int64_t rows_read = 0;       // rows of the outbox that were read
  int64_t difference = 0;
  int64_t repaired = 0;  // events handed to the feeder
  std::vector<ReconciledHour> lines;
};

}  // namespace vf::raw_log
