// RawLog: the port of the raw event log (`vf.raw_events`): every accepted event, for analytics and replay.
// Exactly once in effect: the feeder pins a range in the outbox, asks which ids are here, inserts what is missing.
// Thread safe; inserts wait for inserts, reads for reads. A driver is done when tests/conformance/raw_log passes.
// Errors: unavailable (retry; the outcome of an insert is then unknown); of an insert, invalid: this row can never be
// stored (of several: one of them cannot); internal: refused for a reason that trying again does not mend either. After
// both, other rows of the batch may be stored or not. Trouble that passes by itself is unavailable, never one of these.
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

/// Where a reader stands: behind the event with this receipt and id.
struct ReadPlace {
  Instant received;
  Uuid id;
};

struct ReadRange {  // every field narrows; by time of receipt, then id (in the engine's order of ids)
  std::optional<std::string> source, type, subject;  // exact, or a prefix when ending in '*'
  std::optional<Instant> from, to;                   // of received: from <= received < to
  std::optional<ReadPlace> after;                    // for reading on
  size_t rows_max = 1000;
};

/// What the log holds of one source, received in one hour.
struct HourTally {
  Instant hour;
  std::string source;
  int64_t rows = 0;     // repetition included
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

  /// Durable on return. `token` identifies the batch (digest of its ids): a second guard against repetition.
  virtual Result<void> insert(std::span<const RawRow> rows, const std::string& token) = 0;
  /// Ends whatever an earlier process or attempt may still be running, so that ids_present() is the truth.
  virtual Result<void> abort_pending() = 0;
  /// Which of `ids` the log holds. `from` and `to` bound their received time, both included.
  virtual Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) = 0;
  virtual Result<std::vector<Event>> read(const ReadRange& range) = 0;
  virtual Result<std::optional<Event>> find(Uuid id) = 0;
  virtual Result<int64_t> count() = 0;
  /// All that was received in [from, to), both on the hour: by hour, then source. Not behind any other replica.
  virtual Result<std::vector<HourTally>> tally(Instant from, Instant to) = 0;
  virtual Result<void> ping() = 0;
  /// For the process's end: from now on nothing waits for a server's answer; calls under way and later ones answer
  /// unavailable, an insert's outcome being unknown. An engine in process is waited for.
  virtual void give_up() {}
};

}  // namespace vf::lake
