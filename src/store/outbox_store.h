// OutboxStore: the port of the shared database ("dm", schema `ingest`): outbox, ledger, cursors, dead letters, leases.
// A driver is complete when tests/conformance passes. Calls are synchronous and may come from any thread; writes wait
// for each other where the driver has one writer. Errors: unavailable (retry later), invalid (this input can never be
// stored), conflict (fenced), internal.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"

namespace vf::store {

/// Stores an event: a ledger row and an outbox row, unless its id (or its body key) is in the ledger already.
struct AddEvent {
  Event event;
  bool fan_out = true;                       // false while the source is in dry-run: stored, never delivered
  std::optional<std::string> body_key = {};  // kBodyKeyBytes; second ledger key, where the message id is unsigned
};
inline constexpr size_t kBodyKeyBytes = 32;

/// Why the cursor passed rows without delivering them: no row passed the filters, or the target's mode skipped them
/// all. `none`: the rows were delivered, except those that the filters dropped or that became retries or dead letters.
enum class SkipReason { none, unwanted, dry_run, detached };
/// The stored form in ingest_outbox_batch ("sent" for none). Unknown text is read as `none`.
std::string_view to_string(SkipReason skip_reason);
SkipReason parse_skip_reason(std::string_view name);
/// The name under which ingest_outbox_batch holds a consumer's pinned batches.
std::string pin_name(const std::string& consumer);

/// Asks for a consumer's lease: the right to do its work, which one process holds at a time. It is granted when it is
/// free or expired, and renewed for its holder. Every new holder gets a greater epoch. The store's clock decides.
/// Writes below that carry an epoch are refused (conflict) once the lease was granted to another holder, so a stopped
/// holder that resumes can do no harm. Epoch 0: the write needs no lease.
struct TakeLease {
  std::string name;    // the consumer's
  std::string holder;  // identifies the process; unique among processes
  Millis span;         // from now
};
/// Releases the lease early. No effect unless `holder` holds it.
struct DropLease {
  std::string name;
  std::string holder;
};

/// A consumer's batch is done: its cursor moves from `from` to `to`. Fenced: refused (conflict) unless the consumer's
/// cursor is at `from`. One row of ingest_outbox_batch; the newest row is the cursor.
struct AdvanceCursor {
  std::string consumer;  // a target's name, or kRawLog
  Position from;
  Position to;
  int64_t count = 0;  // events delivered, after filters
  int64_t attempts = 1;
  Instant sent_at = {};
  std::string config_version = {};  // digest of the target's configuration at that time
  SkipReason skip_reason = SkipReason::none;
  int64_t epoch = 0;
};

/// Records a batch before it is carried out, so that a crash can be repaired: the raw log's batches. Fenced as an
/// advance is, and refused (conflict) when a batch with the same `from` is pinned already: after an unknown outcome
/// open_pin() returns the stored pin.
struct PinBatch {
  std::string consumer;
  Position from;
  Position to;
  int64_t count = 0;
  std::string digest;  // SHA-256 over the ids, hex
  int64_t epoch = 0;
};

/// One event that one target did not take: to be retried, or a dead letter.
struct PutDelivery {
  enum class State { retry, dead };
  std::string target;
  Position position = {};
  Uuid event_id;
  State state = State::retry;
  int64_t attempts = 0;
  Instant next_attempt_at = {};  // of a retry
  std::string reason;
  int64_t epoch = 0;
};
struct DropDelivery {  // a retry was delivered, or an operator dropped the dead letter
  std::string target;
  Uuid event_id;
  int64_t epoch = 0;
};

/// Creates a consumer's cursor. No effect when it has one.
struct StartConsumer {
  std::string consumer;
  enum class At { now, earliest } at = At::now;
};

/// Sets a cursor, for an operator or on detachment; `reason` goes to the audit log. Pins that end after the new
/// position are dropped.
struct MoveCursor {
  std::string consumer;
  Position to;
  std::string reason;
  int64_t epoch = 0;
};

/// Operator state that survives a restart, such as a target's mode. An empty value removes it.
struct PutSetting {
  std::string key;
  std::string value;
};

struct AddAudit {
  Instant at = {};
  std::string actor;
  std::string action;
  std::string detail;
};

/// One bounded step of retention: deletes at most `rows_max` of each table's oldest rows received before the given
/// times. Outbox rows that a consumer in `held_by` has not passed are kept (a consumer without a cursor has passed
/// none). Retries and dead letters are deleted with their outbox row; a ledger row outlives its outbox row; audit
/// entries are deleted at the age of ledger rows. The work is complete when a step removes fewer than `rows_max` rows
/// of all tables together.
struct RetentionStep {
  Instant outbox_before = {};
  Instant ledger_before = {};  // of the ledger and the audit log
  std::vector<std::string> held_by;
  int64_t rows_max = 1000;
};

using Write = std::variant<AddEvent, AdvanceCursor, PinBatch, PutDelivery, DropDelivery, StartConsumer, MoveCursor,
                           PutSetting, AddAudit, RetentionStep, TakeLease, DropLease>;

/// Result of AddEvent.
struct EventAdded {
  bool duplicate = false;
  Uuid event_id;           // of the event stored first, when a body key matched
  Position position = {};  // when not duplicate
  Instant received = {};
};
/// Result of RetentionStep.
struct RowsRemoved {
  int64_t removed = 0;
};
/// Result of TakeLease.
struct LeaseTaken {
  bool granted = false;
  int64_t epoch = 0;   // of the current holder
  std::string holder;  // the current holder
};
/// Result of every other write.
struct Written {};
using WriteResult = std::variant<Written, EventAdded, RowsRemoved, LeaseTaken>;

/// A row of the outbox as consumers read it.
struct OutboxRow {
  Event event;
  bool fan_out = true;
};

struct ReadAfter {
  Position after;
  size_t rows_max = 500;
  size_t bytes_max = 4u << 20;  // of bodies and headers; stops after the row that crosses it; at least one row
};

struct BatchRow {  // of ingest_outbox_batch
  std::string consumer;
  Position from;
  Position to;
  int64_t count = 0;
  int64_t attempts = 0;
  Instant sent_at = {};
  Instant acked_at = {};
  SkipReason skip_reason = SkipReason::none;
};

struct Backlog {
  int64_t rows = 0;                    // not passed yet, counted up to kBacklogRowsMax
  bool more = false;                   // there are more rows than that
  std::optional<Instant> oldest = {};  // received time of the oldest row not passed
};
inline constexpr int64_t kBacklogRowsMax = 100'000;

struct LedgerEntry {
  Uuid event_id;
  Instant received = {};
  std::optional<Position> position = {};  // while the outbox still holds the row
};

struct EventFilter {                                                // every field narrows; newest first
  std::optional<std::string> source = {}, type = {}, subject = {};  // type may end in '*'
  std::optional<Instant> from = {}, to = {};                        // receive time: from <= t < to
  std::optional<Position> before = {};                              // the page ends here
  size_t rows_max = 50;
};

class OutboxStore {
 public:
  virtual ~OutboxStore() = default;

  /// All writes in one transaction, in order; on return they are durable. Results are in the order of `writes`.
  /// A refused write (conflict, invalid) fails the whole call and nothing is written; its index goes into
  /// `failed_index` when that is not null. An unknown outcome is `unavailable`: the writes may have been committed.
  virtual Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) = 0;

  /// Rows after a position that are final (nothing can still appear before them), oldest first.
  virtual Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) = 0;
  /// The position of the newest final row.
  virtual Result<Position> end() = 0;
  /// The position of the newest row that retention has removed; Position{} when it has removed none. A consumer whose
  /// cursor is before it has missed events.
  virtual Result<Position> purged() = 0;
  virtual Result<std::optional<Position>> cursor(const std::string& consumer) = 0;
  /// The pinned batch that the consumer's cursor has not passed yet.
  virtual Result<std::optional<PinBatch>> open_pin(const std::string& consumer) = 0;
  virtual Result<Backlog> backlog(Position after) = 0;

  virtual Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                                      size_t rows_max) = 0;
  virtual Result<std::vector<PutDelivery>> due_retries(const std::string& target, Instant now, size_t rows_max) = 0;
  virtual Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) = 0;

  virtual Result<std::optional<OutboxRow>> find(Uuid event_id) = 0;
  virtual Result<std::optional<LedgerEntry>> ledger(Uuid event_id) = 0;
  /// The batch of `consumer` that contained `position`; nullopt while the cursor has not passed it.
  virtual Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) = 0;
  virtual Result<std::vector<OutboxRow>> search(const EventFilter& filter) = 0;

  virtual Result<std::vector<PutSetting>> settings() = 0;
  virtual Result<std::vector<AddAudit>> audit(size_t rows_max) = 0;  // newest first

  /// A cheap check that the store answers, for /readyz.
  virtual Result<void> ping() = 0;
  /// The current time by the clock that stamps received events: the database server's, or `ours`, this machine's, where
  /// there is no server. Ages (retention, max_backlog) are measured by this clock.
  virtual Result<Instant> time(Instant ours) { return ours; }
};

inline constexpr std::string_view kRawLog = "raw-log";

}  // namespace vf::store
