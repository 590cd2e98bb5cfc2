// The proof that outbox and raw log hold the same events, by hour of receipt and source: counts and digests first;
// where they differ, ids. Reads only, and only what the raw log's feeder has passed. What is lost is put back by the
// feeder, which asks before it inserts: repairs() tells it. One thread; the stores may be in use meanwhile.
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
  Position after = {};  // nothing of the range stands before it: where reading begins
};

/// One hour and source. Equal: the log holds each event that it should, once, and nothing else.
struct ReconciledHour {
  Instant hour;
  std::string source;
  int64_t outbox = 0;     // events that the feeder has passed
  int64_t lake = 0;       // rows
  int64_t missing = 0;    // not in the log
  int64_t put_aside = 0;  // not in the log either, but known: dead letters of "raw-log"
  int64_t repeated = 0;   // rows beyond the first of an id
  int64_t unknown = 0;    // ids that the outbox does not hold

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

/// Reads the range. `stop` is asked now and then; once it says true the answer is an error (unavailable). Errors:
/// unavailable, internal.
Result<Reconciliation> reconcile(const ReconciliationPorts& ports, const ReconciliationRange& range,
                                 const std::function<bool()>& stop);

/// Up to so many missing events are handed to the feeder one by one; for more its cursor goes back before the first.
inline constexpr int64_t kMissingMax = 1'000;
std::vector<store::Write> repairs(const Reconciliation& proof, Instant now);

}  // namespace vf::raw_log
