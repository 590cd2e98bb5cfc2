// OutboxStore: the port of the shared relational store (schema `ingest`): outbox, ledger, cursors, dead letters.
// A driver is done when tests/conformance passes. Calls are synchronous, by any thread; writes wait for each other
// where the driver has one writer. Nothing here names SQL. Errors: unavailable (retry later), invalid (this very input
// can never be stored), conflict (fenced), internal.
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

/// Keep an event: ledger row and outbox row, unless its id (or its body key) is in the ledger already.
struct AddEvent {
  Event event;
  bool fan_out = true;                       // false while the source is in dry-run: kept raw, never delivered
  std::optional<std::string> body_key = {};  // second ledger key, for schemes whose message id is unsigned (32 bytes)
};

/// What became of the rows that a cursor moved over. `sent`: delivered, apart from those that nobody wanted or that
/// became exceptions. The others delivered nothing: no row was wanted, or the target's mode passed all of them over.
enum class SkipReason { none, unwanted, dry_run, detached };
/// As it stands in ingest_outbox_batch; what is none of these names is `sent`.
std::string_view to_string(SkipReason skip_reason);
SkipReason parse_skip_reason(std::string_view name);
/// Under which the batches that a consumer has pinned stand in ingest_outbox_batch.
std::string pin_name(const std::string& consumer);

/// The right to do a consumer's work, which one process at a time has: it is granted when nobody has it, when the time
/// of who had it is up, and again to who has it. Every new holder gets a greater epoch. The time is the store's.
/// Writes below that name their lease's epoch are refused (conflict) once somebody else was granted it, so a holder
/// that was stopped and comes back can do no harm. Epoch 0 asks for no lease.
struct TakeLease {
  std::string name;    // the consumer's
  std::string holder;  // names the process: nobody else may use it
  Millis span;         // from now
};
/// Gives it back before its time; nothing happens when `holder` has it not.
struct DropLease {
  std::string name;
  std::string holder;
};

/// A consumer's batch is done: its cursor moves from `from` to `to`. Fenced: refused (conflict) unless `from` is
/// where the consumer's cursor stands. One row of ingest_outbox_batch; the newest row is the cursor.
struct AdvanceCursor {
  std::string consumer;  // a target's name, or kRawLog
  Position from;
  Position to;
  int64_t count = 0;  // events delivered, after filters
  int64_t attempts = 1;
  Instant sent_at = {};
  std::string config_version = {};  // digest of the target's configuration that was in force
  SkipReason skip_reason = SkipReason::none;
  int64_t epoch = 0;
};

/// What a consumer is about to do, written before it is done, so that a crash can be repaired: the raw log's batches.
/// Fenced as an advance is, and refused (conflict) where a batch of the same beginning is pinned already: after an
/// outcome that was unknown, open_pin() tells what stands.
struct PinBatch {
  std::string consumer;
  Position from;
  Position to;
  int64_t count = 0;
  std::string digest;  // SHA-256 over the ids, hex
  int64_t epoch = 0;
};

/// An exception of one event for one target: to be retried, or dead.
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
struct DropDelivery {  // delivered after all, or given up by an operator
  std::string target;
  Uuid event_id;
  int64_t epoch = 0;
};

/// Where a consumer begins that has no cursor yet. A no-op when it has one.
struct StartConsumer {
  std::string consumer;
  enum class At { now, earliest } at = At::now;
};

/// Sets a cursor by an operator's hand or on detachment (`reason` goes to the audit log). Pins that end after the new
/// place are dropped.
struct MoveCursor {
  std::string consumer;
  Position to;
  std::string reason;
  int64_t epoch = 0;
};

/// What an operator set and a restart must keep: a target's mode, for instance. Empty value removes it.
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
/// times. Outbox rows that a consumer in `held_by` has not passed are kept (one that was never started has passed
/// nothing). Exceptions go with their outbox row; a ledger row outlives its outbox row; entries of the audit log go
/// with ledger rows of their age. Nothing is left when fewer than `rows_max` were removed of all tables together.
struct RetentionStep {
  Instant outbox_before = {};
  Instant ledger_before = {};  // of the ledger and the audit log
  std::vector<std::string> held_by;
  int64_t rows_max = 1000;
};

using Write = std::variant<AddEvent, AdvanceCursor, PinBatch, PutDelivery, DropDelivery, StartConsumer, MoveCursor,
                           PutSetting, AddAudit, RetentionStep, TakeLease, DropLease>;

struct EventAdded {
  bool duplicate = false;
  Uuid event_id;      // of the event kept first, when a body key matched
  Position position;  // when not duplicate
  Instant received = {};
};
struct RowsRemoved {
  int64_t removed = 0;
};  // of RetentionStep
struct LeaseTaken {
  bool granted = false;
  int64_t epoch = 0;   // of who holds it now
  std::string holder;  // who holds it now
};  // of TakeLease
struct Written {};  // of every other write
using WriteResult = std::variant<Written, EventAdded, RowsRemoved, LeaseTaken>;

/// A row of the outbox as consumers read it.
struct OutboxRow {
  Event event;
  bool fan_out = true;
};

struct ReadAfter {
  Position after;
  size_t rows_max = 500;
  size_t bytes_max = 4u << 20;  // of bodies and headers; stops after the row that crosses it; one row at least
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
  int64_t rows = 0;  // counted up to a bound of 100,000; `more` says there are others
  bool more = false;
  std::optional<Instant> oldest = {};  // received time of the oldest row not passed
};

struct LedgerEntry {
  Uuid event_id;
  Instant received = {};
  std::optional<Position> position = {};  // while the outbox still holds the row
};

struct EventFilter {                                                // every field narrows; newest first
  std::optional<std::string> source = {}, type = {}, subject = {};  // type may end in '*'
  std::optional<Instant> from = {}, to = {};                        // of received: from included, to not
  std::optional<Position> before = {};                              // for paging
  size_t rows_max = 50;
};

class OutboxStore {
 public:
  virtual ~OutboxStore() = default;

  /// All writes in one transaction, in order; on return they are durable. Results stand in the order of `writes`.
  /// A refused write (conflict, invalid) fails the whole call with nothing written; the error names its index
  /// in `failed_index` when not null. An unknown outcome is `unavailable`: it may have been committed.
  virtual Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) = 0;

  /// Rows after a position that are final (nothing can still appear before them), oldest first.
  virtual Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) = 0;
  virtual Result<Position> end() = 0;  // of the newest final row
  /// Of the newest row that retention has removed, Position{} before the first: a consumer whose cursor stands before
  /// it has missed events.
  virtual Result<Position> purged() = 0;
  virtual Result<std::optional<Position>> cursor(const std::string& consumer) = 0;
  virtual Result<std::optional<PinBatch>> open_pin(
      const std::string& consumer) = 0;  // pinned, cursor not advanced past it
  virtual Result<Backlog> backlog(Position after) = 0;

  virtual Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                                      size_t rows_max) = 0;
  virtual Result<std::vector<PutDelivery>> due_retries(const std::string& target, Instant now, size_t rows_max) = 0;
  virtual Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) = 0;

  virtual Result<std::optional<OutboxRow>> find(Uuid event_id) = 0;
  virtual Result<std::optional<LedgerEntry>> ledger(Uuid event_id) = 0;
  /// The batch of `consumer` that carried `position`, if it has been passed.
  virtual Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) = 0;
  virtual Result<std::vector<OutboxRow>> search(const EventFilter& filter) = 0;

  virtual Result<std::vector<PutSetting>> settings() = 0;
  virtual Result<std::vector<AddAudit>> audit(size_t rows_max) = 0;  // newest first

  /// Cheap: does the store answer? For /readyz.
  virtual Result<void> ping() = 0;
  /// What time it is for the store, which says when events are received: by its server's clock, or `ours`, this
  /// machine's, where it has no server. What is removed or left out for its age goes by this.
  virtual Result<Instant> time(Instant ours) { return ours; }
};

inline constexpr std::string_view kRawLog = "raw-log";

}  // namespace vf::store
