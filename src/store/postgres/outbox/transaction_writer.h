// TransactionWriter: each alternative of store::Write except AddEvent as SQL, inside a transaction that the caller has
// begun. Lives for one transaction, on its thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// A consumer's cursor; nullopt when it has none.
Result<std::optional<Position>> read_cursor(Connection& db, const std::string& consumer);
/// The position of the newest final row, even if retention has removed it.
Result<Position> read_end(Connection& db);
/// The position of the newest row that retention has removed.
Result<Position> read_purged(Connection& db);

class TransactionWriter {
 public:
  struct Params {
    std::optional<Instant> now;  // nullopt: the server's clock
    bool whole_days = true;      // retention keeps outbox rows until their whole day can be dropped
  };
  TransactionWriter(Connection& db, const Params& params) : db_(db), params_(params) {}

  /// Locks the consumers that these writes touch, until the transaction ends. To be called before any of the writes.
  Result<void> lock_consumers(std::span<const Write> writes);

  Result<WriteResult> operator()(const AddEvent& write);  // no effect: add_events() has written it
  Result<WriteResult> operator()(const AdvanceCursor& write);
  Result<WriteResult> operator()(const PinBatch& write);
  Result<WriteResult> operator()(const PutDelivery& write);
  Result<WriteResult> operator()(const DropDelivery& write);
  Result<WriteResult> operator()(const StartConsumer& write);
  Result<WriteResult> operator()(const MoveCursor& write);
  Result<WriteResult> operator()(const PutSetting& write);
  Result<WriteResult> operator()(const AddAudit& write);
  Result<WriteResult> operator()(const RetentionStep& write);
  Result<WriteResult> operator()(const TakeLease& write);
  Result<WriteResult> operator()(const DropLease& write);

 private:
  struct Range {
    const std::string& consumer;
    Position from;
    Position to;
  };
  Values values() const;  // with the time of the write as $1
  Result<WriteResult> run(const char* sql, const Values& values);
  Result<bool> is_final(Position position);
  Result<void> check_lease(const std::string& name, int64_t epoch);
  Result<void> check_range(const Range& range);
  Result<WriteResult> put_cursor(const std::string& consumer, Position to);

  Connection& db_;
  Params params_;
};

}  // namespace vf::store::postgres
