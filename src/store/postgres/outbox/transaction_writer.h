// TransactionWriter: executes a store::Write of any kind but AddEvent as SQL, inside a transaction that the caller has
// begun. Lives for one transaction, on its thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Returns a consumer's cursor; nullopt when the consumer has no cursor.
Result<std::optional<Position>> read_cursor(Connection& db, const std::string& consumer);
/// Returns the position of the newest final row, even if retention has removed that row.
Result<Position> read_end(Connection& db);
/// Returns the position of the newest row that retention has removed.
Result<Position> read_purged(Connection& db);

class TransactionWriter {
 public:
  struct Params {
    std::optional<Instant> now;  // the time of the writes; nullopt: the server's time
    bool whole_days = true;      // retention keeps outbox rows until the partition of their day can be dropped
  };
  TransactionWriter(Connection& db, const Params& params) : db_(db), params_(params) {}

  /// Locks the consumers that these writes concern, and the table of runs if they concern runs, until the transaction
  /// ends. Call it before the first of the writes.
  Result<void> lock(std::span<const Write> writes);

  Result<WriteResult> operator()(const AddEvent& write);  // has no effect: add_events() has written the event
  Result<WriteResult> operator()(const AdvanceCursor& write);
  Result<WriteResult> operator()(const PinBatch& write);
  Result<WriteResult> operator()(const PutDelivery& write);
  Result<WriteResult> operator()(const DropDelivery& write);
  Result<WriteResult> operator()(const RetryDeadLetters& write);
  Result<WriteResult> operator()(const DropDeadLetters& write);
  Result<WriteResult> operator()(const StartConsumer& write);
  Result<WriteResult> operator()(const MoveCursor& write);
  Result<WriteResult> operator()(const PutSetting& write);
  Result<WriteResult> operator()(const AddAudit& write);
  Result<WriteResult> operator()(const RetentionStep& write);
  Result<WriteResult> operator()(const TakeLease& write);
  Result<WriteResult> operator()(const DropLease& write);
  Result<WriteResult> operator()(const RunWrite& write);

 private:
  struct Range {
    const std::string& consumer;
    Position from;
    Position to;
  };
  Values values() const;  // parameters whose $1 is the time of the write
  Result<WriteResult> run(const char* sql, const Values& values);
  Result<void> lock_consumers(std::span<const Write> writes);
  Result<bool> is_final(Position position);
  Result<void> check_lease(const std::string& name, int64_t epoch);
  Result<void> check_range(const Range& range);
  Result<WriteResult> put_cursor(const std::string& consumer, Position to);

  Connection& db_;
  Params params_;
  Instant runs_at_ = {};  // the time of the writes of runs
};

}  // namespace vf::store::postgres
