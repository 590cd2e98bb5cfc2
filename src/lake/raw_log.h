// RawLog: the port of the raw log, the table vf.raw_events, which holds every accepted event for analytics and replay.
// A driver stores it in a lake: chDB or ClickHouse. The log holds each event once, because the feeder pins a range of
// the outbox, asks which ids of it the log holds, and inserts only the missing ones. Thread safe; an insert waits for
// other inserts, a read for other reads. A driver is complete when tests/conformance/raw_log passes.
// Error `unavailable`: a failure that may pass by itself: the caller retries; the outcome of an insert is unknown.
// insert() also returns `invalid`: one of the rows can never be stored; and `internal`: the rows were refused for
// another reason that a retry does not remove. After both, each other row of the batch may or may not have been stored.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "event/event.h"

namespace vf::lake {

struct RawRow {
  const Event* event = nullptr;
  std::string_view retention_class;  // "default" or a source's name; decides when the row's part is dropped
};

/// Counts the log's rows that one source sent and that were received in one hour.
struct HourTally {
  Instant hour;
  std::string source;
  int64_t rows = 0;     // repeated rows included
  int64_t events = 0;   // distinct event ids
  uint64_t digest = 0;  // sum of id_digest() over the rows; does not depend on their order

  bool operator==(const HourTally&) const = default;
};
inline constexpr std::chrono::hours kTallySpan{1};
/// Returns the last eight bytes of `id` as a little-endian number.
uint64_t id_digest(Uuid id);

class RawLog {
 public:
  virtual ~RawLog() = default;

  /// Inserts `rows`; they are durable on return. `token` (a digest of their ids) identifies the batch: a driver may use
  /// it as a second guard against repeated rows.
  virtual Result<void> insert(std::span<const RawRow> rows, const std::string& token) = 0;
  /// Ends inserts of an earlier process or attempt that may still run, so that ids_present() afterwards sees what they
  /// stored. An insert on a replica that cannot be reached is harmless because of its token. Error `unavailable`: an
  /// insert still runs, or that is unknown.
  virtual Result<void> abort_pending() = 0;
  /// Returns those of `ids` that the log holds, each once. Looks only at rows received in [from, to].
  virtual Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) = 0;
  virtual Result<std::optional<Event>> find(Uuid id) = 0;
  /// Returns the tallies of the rows received in [from, to), sorted by hour, then by source. `from` and `to` must be
  /// whole hours. Rows that only another replica has confirmed are counted too.
  virtual Result<std::vector<HourTally>> tally(Instant from, Instant to) = 0;
  /// Called when the process ends: from now on no call waits for a server. Calls under way and later calls return
  /// unavailable, and the outcome of an insert is unknown. A call to an engine in this process still runs to its end.
  virtual void give_up() {}
};

}  // namespace vf::lake
