// OutboxWriter: each kind of store::Write but AddEvent as SQL, inside a transaction that somebody else began.
// Lives for one transaction, on its thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Where a consumer's cursor stands; nullopt when it was never started.
Result<std::optional<Position>> read_cursor(Connection& db, const std::string& consumer);
/// Of the newest final row, though retention may have removed it.
Result<Position> read_end(Connection& db);
/// Of the newest row that retention has removed.
Result<Position> read_purged(Connection& db);

class OutboxWriter {
 public:
  struct Params {
    std::optional<Instant> now;  // nullopt: the server's clock
    bool whole_days = true;      // retention leaves the outbox's rows until their day can be dropped
  };
  OutboxWriter(Connection& db, const Params& params) : db_(db), params_(params) {}

  /// Keeps other processes from the consumers that these writes touch, until the transaction ends. Before any of them.
  Result<void> lock_consumers(std::span<const Write> writes);

  Result<WriteResult> operator()(const AddEvent& write);  // add_events() has done it
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
  Values values() const;  // begins with the time
  Result<WriteResult> run(const char* sql, const Values& values);
  Result<bool> is_final(Position position);
  Result<void> check_lease(const std::string& name, int64_t epoch);
  Result<void> check_range(const Range& range);
  Result<WriteResult> put_cursor(const std::string& consumer, Position to);

  Connection& db_;
  Params params_;
};

}  // namespace vf::store::postgres
