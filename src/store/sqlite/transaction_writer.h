// TransactionWriter: executes a store::Write of any kind as SQL, inside a transaction that the caller has begun.
// Lives for one transaction, on its thread.
#pragma once

#include <optional>
#include <string>

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Returns a consumer's cursor; nullopt when the consumer has no cursor.
Result<std::optional<int64_t>> read_cursor(Connection& db, const std::string& consumer);
/// Returns the last number given to an event, even if retention has removed its row; 0 before the first event.
Result<int64_t> read_end(Connection& db);
/// Returns the least number in the outbox; read_end() + 1 when the outbox is empty.
Result<int64_t> read_first(Connection& db);

class TransactionWriter {
 public:
  static Result<TransactionWriter> begin(Connection& db, Instant now);

  Result<WriteResult> operator()(const AddEvent& write);
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
  TransactionWriter(Connection& db, Instant now, int64_t end);

  Result<WriteResult> duplicate_of(const std::string& id, const std::string& body_key);
  Result<void> check_lease(const std::string& name, int64_t epoch);
  Result<void> check_range(const std::string& consumer, Position from, Position to);
  Result<void> put_cursor(const std::string& consumer, int64_t seq);

  Connection& db_;
  Instant now_;
  std::string now_text_;
  int64_t end_;          // the last number given to an event
  Query insert_ledger_;  // kept for the transaction: these two run for every event
  Query insert_event_;
};

}  // namespace vf::store::sqlite
