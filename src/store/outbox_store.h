// OutboxStore: the port of the shared database ("dm"), which holds outbox, ledger, cursors, retries, dead letters and
// leases (schema `ingest`), and the hub's runs of jobs (schema `dm`). A driver is complete when tests/conformance
// passes. Calls are synchronous and may come from any thread; writes wait for each other where the driver has one
// writer. Errors: `unavailable` (retry later), `invalid` (this input can never be stored), `conflict` (another process
// was first, or the lease is lost), `not_found` (there is no such run), `internal`.
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
#include "store/runs.h"
#include "store/written.h"

namespace vf::store {

/// Stores an event: a ledger row and an outbox row, unless its id is in the ledger already, or its body key was stored
/// by an event of the same source less than `replay_guard` ago (or ahead, by a clock that went back since).
struct AddEvent {
  Event event;
  bool fan_out = true;                       // false while the source is in dry-run: stored, never delivered
  std::optional<std::string> body_key = {};  // second ledger key (kBodyKeyBytes long), where the source wants one
  Millis replay_guard{0};                    // greater than 0 where there is a body key
};
inline constexpr size_t kBodyKeyBytes = 32;
/// Error `invalid`: the body key has another length, or no replay guard.
Result<void> check_body_key(const AddEvent& add);

/// Why a target's cursor passed a batch without delivering any of its rows: `unwanted`: no row passed the filters;
/// `dry_run`, `detached`: the target was in that mode. `none`: the rows were delivered, except those that the filters
/// dropped and those that became retries or dead letters.
enum class SkipReason { none, unwanted, dry_run, detached };
/// Returns the text that ingest_outbox_batch stores for a skip reason ("sent" for `none`).
std::string_view to_string(SkipReason skip_reason);
/// The inverse of to_string(). Unknown text is read as `none`.
SkipReason parse_skip_reason(std::string_view name);
/// Returns the name under which ingest_outbox_batch stores the pinned batches of a consumer.
std::string pin_name(const std::string& consumer);
/// Returns the reason of a dead letter that retention makes of a retry: why it ended, then the retry's own reason. The
/// drivers' SQL builds the same text.
std::string reason_after_retention(int64_t attempts, const std::string& reason);

/// Requests a consumer's lease: the right to do the consumer's work, which one process holds at a time. A lease that is
/// free or expired (by the store's clock) is granted; a lease that `holder` has already is renewed. Every new holder
/// gets a greater epoch. A write with an epoch is refused (conflict) after the lease was granted to another holder, so
/// a process that was stopped and resumes cannot overwrite the work of its successor. Epoch 0: the write needs no
/// lease.
struct TakeLease {
  std::string name;    // the consumer's name
  std::string holder;  // identifies the process; unique among processes
  Millis span;         // the lease expires this long after the write
};
/// Releases the lease early. No effect unless `holder` holds it.
struct DropLease {
  std::string name;
  std::string holder;
};

/// Records a finished batch and moves the consumer's cursor from `from` to `to`. The write is refused (conflict) unless
/// the cursor is at `from`. It adds a row to ingest_outbox_batch; the newest row of a consumer is its cursor.
struct AdvanceCursor {
  std::string consumer;  // a target's name, or kRawLog
  Position from;
  Position to;
  int64_t count = 0;  // the number of events delivered, after filters
  int64_t attempts = 1;
  Instant sent_at = {};
  std::string config_version = {};  // digest of the target's configuration at `sent_at`
  SkipReason skip_reason = SkipReason::none;
  int64_t epoch = 0;
};

/// Records a batch of the raw log before it is inserted there, so that the insert can be completed after a crash. The
/// write is refused (conflict) unless the consumer's cursor is at `from`, and also when a batch with the same `from` is
/// pinned already. After an unknown outcome of this write, open_pin() returns the pin if it was stored.
struct PinBatch {
  std::string consumer;
  Position from;
  Position to;
  int64_t count = 0;
  std::string digest;  // SHA-256 over the event ids, hex
  int64_t epoch = 0;
};

/// Stores a row of ingest_outbox_delivery: one event that one target did not accept. The event waits for its next
/// attempt (`retry`), or it is a dead letter (`dead`). A dead letter stays dead: a write with the state `retry` has no
/// effect while the stored row is dead, so that a worker whose attempt ends at that moment does not undo what an
/// operator or retention has decided. RetryDeadLetters alone revives it.
struct PutDelivery {
  enum class State { retry, dead };
  std::string target;
  Position position = {};
  Uuid event_id;
  State state = State::retry;
  int64_t attempts = 0;          // counted ones
  Instant next_attempt_at = {};  // of a retry: when it is due
  std::string reason;            // of the last failure
  int64_t epoch = 0;
  // When the event first failed alone; nullopt: an operator has retried it and no attempt has failed since.
  std::optional<Instant> first_failed_at = {};
};
/// Removes a row of ingest_outbox_delivery: the retry was delivered. An event that retention kept for this row goes
/// with the last row of its event.
struct DropDelivery {
  std::string target;
  Uuid event_id;
  int64_t epoch = 0;
};

/// An operator's retry: makes dead letters of a consumer due at `due`, as if their events had never failed (no attempt
/// is counted, there is no first failure). It passes over events of which the consumer has no dead letter, so that of
/// several orders for one letter only the first has an effect.
struct RetryDeadLetters {
  std::string target;
  std::vector<Uuid> events;
  Instant due = {};
};
/// An operator's drop: removes dead letters of a consumer, and passes over the other events as RetryDeadLetters does.
/// An event that retention kept goes with the last row of its event.
struct DropDeadLetters {
  std::string target;
  std::vector<Uuid> events;
};

/// Creates a consumer's cursor. No effect when the consumer has a cursor.
struct StartConsumer {
  std::string consumer;
  enum class At { now, earliest } at = At::now;
};

/// Sets a consumer's cursor, because an operator moves it or the target is detached. `reason` is written to the audit
/// log. Pins that end after the new position are deleted.
struct MoveCursor {
  std::string consumer;
  Position to;
  std::string reason;
  int64_t epoch = 0;
};

/// Stores a setting that an operator made and that survives a restart, such as a target's mode. An empty value removes
/// the setting.
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

/// One bounded step of retention. It deletes the oldest rows that were received before the given times, at most
/// `rows_max` rows of each table. Outbox rows after the cursor of a consumer in `held_by` are kept (all rows, if such a
/// consumer has no cursor). A ledger row is never deleted before its outbox row. Audit entries are deleted at the age
/// of ledger rows. Retention is complete when a step removes fewer than `rows_max` rows of all tables together.
///
/// When the outbox row of a retry goes, the retry becomes a dead letter. Dead letters and their events are kept after
/// that (find() still returns the event, read_after() and search() do not) until the event was received before
/// `deliveries_before`; then the event and its dead letters are deleted. Their ledger row is not kept for them: if the
/// ledger's retention is shorter than that, a provider's resend of the event is accepted as a new event meanwhile.
struct RetentionStep {
  Instant outbox_before = {};
  Instant ledger_before = {};  // for the ledger and the audit log
  std::vector<std::string> held_by;
  int64_t rows_max = 1000;
  Instant deliveries_before = {};  // for dead letters whose outbox row is gone, and their events
};

using Write =
    std::variant<AddEvent, AdvanceCursor, PinBatch, PutDelivery, DropDelivery, RetryDeadLetters, DropDeadLetters,
                 StartConsumer, MoveCursor, PutSetting, AddAudit, RetentionStep, TakeLease, DropLease, RunWrite>;

/// Result of AddEvent.
struct EventAdded {
  bool duplicate = false;
  Uuid event_id;           // of the stored event: an earlier one, when a body key matched
  Position position = {};  // of the new row; unset for a duplicate
  Instant received = {};
};
/// Result of TakeLease.
struct LeaseTaken {
  bool granted = false;
  int64_t epoch = 0;   // the current holder's epoch
  std::string holder;  // the current holder
};
/// Result of RetryDeadLetters and DropDeadLetters.
struct DeadLettersChanged {
  int64_t changed = 0;  // how many of the events were dead letters until this write
};
/// RetentionStep gives RowsRemoved, a RunWrite one of the results of RunResult, every other write Written.
using WriteResult =
    std::variant<Written, EventAdded, RowsRemoved, LeaseTaken, DeadLettersChanged, RunClaimed, RunRenewed>;

/// Returns the result of a RunWrite as the result of a write.
WriteResult to_write_result(RunResult result);

/// A row of the outbox as consumers read it.
struct OutboxRow {
  Event event;
  bool fan_out = true;
};

struct ReadAfter {
  Position after;
  size_t rows_max = 500;
  size_t bytes_max = 4u << 20;  // of bodies and headers; the row that exceeds the limit is still returned
};

/// A row of ingest_outbox_batch.
struct BatchRow {
  std::string consumer;
  Position from;
  Position to;
  int64_t count = 0;
  int64_t attempts = 0;
  Instant sent_at = {};
  Instant acked_at = {};
  SkipReason skip_reason = SkipReason::none;
};

/// The outbox rows after a position, such as a consumer's cursor.
struct Backlog {
  int64_t rows = 0;                    // number of rows, counted up to kBacklogRowsMax
  bool more = false;                   // there are more than kBacklogRowsMax rows
  std::optional<Instant> oldest = {};  // receive time of the oldest row
};
inline constexpr int64_t kBacklogRowsMax = 100'000;

struct LedgerEntry {
  Uuid event_id;
  Instant received = {};
  std::optional<Position> position = {};  // of the outbox row; nullopt: retention has removed it
};

/// A consumer of which the store holds a cursor, or rows of ingest_outbox_delivery.
struct ConsumerRow {
  std::string name;
  std::string config_version;  // of the newest row of its cursor; empty: it stands where no batch ended
};

/// Selects rows that match every field that is set; the newest rows come first.
struct EventFilter {
  std::optional<std::string> source = {}, type = {}, subject = {};  // type may end in '*'
  std::optional<Instant> from = {}, to = {};                        // receive time: from <= t < to
  std::optional<Position> before = {};                              // only rows before it: the next page
  size_t rows_max = 50;
};

/// Returns whether an error says that one write was refused, and not that the store failed.
bool is_refusal(const Error& error);

/// An entry of the audit log as it is read. Later entries have greater numbers.
struct AuditRow {
  int64_t number = 0;
  AddAudit entry;
};
struct AuditFilter {
  std::optional<int64_t> before = {};  // only entries with a smaller number: the next page
  size_t rows_max = 50;
};

class OutboxStore : public RunReads {
 public:
  /// Commits all writes in one transaction, in order; they are durable on return. Returns the results in the order of
  /// `writes`. Errors `conflict`, `invalid`, `not_found`: one write was refused, so nothing was written; the index of
  /// the refused write is put into `failed_index` if that is not null. Error `unavailable`: the outcome may be unknown;
  /// the writes may have been committed.
  virtual Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) = 0;

  /// Returns the final rows after a position, oldest first. A row is final when no new row can appear before it.
  virtual Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) = 0;
  /// Returns the position of the newest final row.
  virtual Result<Position> end() = 0;
  /// Returns the position of the newest row that retention has removed; Position{} when retention has removed no row. A
  /// consumer whose cursor is before this position has missed events.
  virtual Result<Position> purged() = 0;
  virtual Result<std::optional<Position>> cursor(const std::string& consumer) = 0;
  /// Returns all consumers that the store knows, by name. Its cost grows with their number alone.
  virtual Result<std::vector<ConsumerRow>> consumers() = 0;
  /// Returns the pinned batch that the consumer's cursor has not passed yet; nullopt when there is no such batch.
  virtual Result<std::optional<PinBatch>> open_pin(const std::string& consumer) = 0;
  virtual Result<Backlog> backlog(Position after) = 0;

  /// Returns a target's rows in this state, by position.
  virtual Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                                      size_t rows_max) = 0;
  virtual Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) = 0;
  /// Returns a target's rows of any state with a position greater than `after`, by position.
  virtual Result<std::vector<PutDelivery>> deliveries_after(const std::string& target, Position after,
                                                            size_t rows_max) = 0;
  /// Returns the number of a target's rows in this state, counted up to `at_most`.
  virtual Result<int64_t> count_deliveries(const std::string& target, PutDelivery::State state, int64_t at_most) = 0;
  /// Returns the retries that an operator has made of dead letters and that have not failed since (they have no
  /// first_failed_at), the least next_attempt_at first. Cheap enough to be called every second.
  virtual Result<std::vector<PutDelivery>> revived(const std::string& target, size_t rows_max) = 0;

  /// Returns an event of the outbox, or one that retention keeps for a dead letter after its outbox row is gone.
  virtual Result<std::optional<OutboxRow>> find(Uuid event_id) = 0;
  virtual Result<std::optional<LedgerEntry>> ledger(Uuid event_id) = 0;
  /// Returns the batch of `consumer` that contained `position`; nullopt while the cursor has not passed the position.
  virtual Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) = 0;
  virtual Result<std::vector<OutboxRow>> search(const EventFilter& filter) = 0;

  virtual Result<std::vector<PutSetting>> settings() = 0;
  /// Returns entries of the audit log, the newest first.
  virtual Result<std::vector<AuditRow>> audit(const AuditFilter& filter) = 0;

  /// Checks cheaply that the store answers, for /readyz.
  virtual Result<void> ping() = 0;
  /// Returns the current time of the clock that stamps received events: the clock of the database server, or where
  /// there is no server this machine's clock, whose time the caller gives as `ours`. Ages (retention, max_backlog) are
  /// measured by this clock.
  virtual Result<Instant> time(Instant ours) { return ours; }
};

inline constexpr std::string_view kRawLog = "raw-log";

}  // namespace vf::store
