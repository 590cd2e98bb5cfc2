// RawLog: the port of the raw log (the table vf.raw_events): every accepted event, for analytics and replay. A driver
// stores it in a lake: chDB or ClickHouse. Exactly once in effect: the feeder pins a range in the outbox, asks which
// ids the log holds, and inserts the missing ones. Thread safe; inserts wait for inserts, reads for reads. A driver is
// complete when tests/conformance/raw_log passes.
// Errors: unavailable: any failure that may pass by itself; retry, and the outcome of an insert is unknown. Of an
// insert also invalid: this row, or one of these rows, can never be stored; and internal: refused for another reason
// that a retry does not remove. After both, the other rows of the batch may be stored or not.
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

/// The log's rows of one source, received in one hour.
struct HourTally {
  Instant hour;
  std::string source;
  int64_t rows = 0;     // repeated ones included
  int64_t events = 0;   // different ids
  uint64_t digest = 0;  // sum of id_digest() over the rows: the same for the same rows in any order

  bool operator==(const HourTally&) const = default;
};
inline constexpr std::chrono::hours kTallySpan{1};
/// The last eight bytes of an id as a little-endian number.
uint64_t id_digest(Uuid id);

class RawLog {
 public:
  virtual ~RawLog() = default;

  /// Durable on return. `token` identifies the batch (digest of its ids): a second guard against repeated rows.
  virtual Result<void> insert(std::span<const RawRow> rows, const std::string& token) = 0;
  /// Ends inserts of an earlier process or attempt that may still run, so that ids_present() answers for all of them.
  /// Inserts out of its reach, on another replica, are harmless by their token. Error unavailable: one still runs.
  virtual Result<void> abort_pending() = 0;
  /// Which of `ids` the log holds, each once. `from` and `to` bound their time of receipt, both included.
  virtual Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) = 0;
  virtual Result<std::optional<Event>> find(Uuid id) = 0;
  /// Tallies of the rows received in [from, to), both on the hour: by hour, then source. Includes rows that another
  /// replica has confirmed.
  virtual Result<std::vector<HourTally>> tally(Instant from, Instant to) = 0;
  /// For the end of the process: from now on no call waits for a server's answer. Calls under way and later ones return
  /// unavailable, and the outcome of an insert is unknown. A call to an engine in this process is still waited for.
  virtual void give_up() {}
};

}  // namespace vf::lake
