// reconcile() compares outbox and raw log by hour of receipt and source: counts and digests first; ids where these
// differ. It only reads, and only what the feeder has passed. repairs() says how to restore missing events: the feeder
// inserts them again, and asks for each id before. One thread; the stores may be in use meanwhile.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/raw_log.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

struct ReconciliationRange {
  Instant from, to;     // of receipt: from <= received < to, widened to full hours
  Position after = {};  // reading begins behind it: no event of the range is at or before it
};

/// One hour and source. No difference: the log holds each event that it should, once, and nothing else.
struct ReconciledHour {
  Instant hour;
  std::string source;
  int64_t outbox = 0;        // events that the feeder has passed
  int64_t lake = 0;          // rows
  int64_t missing = 0;       // not in the log
  int64_t dead_letters = 0;  // of "raw-log": not in the log either, but known
  int64_t repeated = 0;      // rows beyond the first of an id
  int64_t unknown = 0;       // ids that the outbox does not hold

  int64_t difference() const { return missing + repeated + unknown; }
};

struct MissingEvent {
  Position position;
  Uuid id;
};

struct Reconciliation {
  Instant from, to;                   // what was compared: hours from the first that the outbox still holds whole
  std::vector<ReconciledHour> lines;  // by hour, then source
  int64_t rows_read = 0;              // of the outbox
  int64_t missing_total = 0;
  std::vector<MissingEvent> missing;  // the first kMissingMax
  Position before_missing;            // nothing is missing up to here
  Position resume;                    // a range that begins at `to` may be read from here

  int64_t difference() const;
};

struct ReconciliationPorts {
  store::OutboxStore& outbox;
  lake::RawLog& lake;
};

/// Reads the range. `stop` is polled; once it returns true, the result is an error (unavailable). Errors: unavailable,
/// internal.
Result<Reconciliation> reconcile(const ReconciliationPorts& ports, const ReconciliationRange& range,
                                 const std::function<bool()>& stop);

/// Up to this many missing events are handed to the feeder one by one; for more, its cursor goes back before the first.
inline constexpr int64_t kMissingMax = 1'000;
std::vector<store::Write> repairs(const Reconciliation& found, Instant now);

/// An operator's order to compare.
struct ReconciliationRequest {
  Instant from, to;     // of receipt
  bool repair = false;  // missing events are handed to the feeder
};

/// The run that an operator started last.
struct ReconciliationStatus {
  std::string state = "none";  // none, running, done, failed
  std::string error;           // of a failed run
  Instant from, to;            // what was compared: the full hours that the outbox holds
  int64_t rows_read = 0;       // of the outbox
  int64_t difference = 0;
  int64_t repaired = 0;  // handed to the feeder
  std::vector<ReconciledHour> lines;
};

}  // namespace vf::raw_log
