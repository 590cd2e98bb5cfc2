// MemoryOutbox: a model of the shared database in memory. It fulfills the contract of OutboxStore as a driver does (the
// conformance suite runs on it too), except that its content is lost when the object is destroyed. For unit tests and
// the simulation, never for production. Transactions are atomic. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/outbox_store.h"

namespace vf::store::memory {

class MemoryOutbox : public OutboxStore {
 public:
  Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) override;

  Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) override;
  Result<Position> end() override;
  Result<Position> purged() override;
  Result<std::optional<Position>> cursor(const std::string& consumer) override;
  Result<std::optional<PinBatch>> open_pin(const std::string& consumer) override;
  Result<Backlog> backlog(Position after) override;
  Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                              size_t rows_max) override;
  Result<std::vector<PutDelivery>> due_retries(const std::string& target, Instant now, size_t rows_max) override;
  Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) override;
  Result<std::optional<OutboxRow>> find(Uuid event_id) override;
  Result<std::optional<LedgerEntry>> ledger(Uuid event_id) override;
  Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) override;
  Result<std::vector<OutboxRow>> search(const EventFilter& filter) override;
  Result<std::vector<PutSetting>> settings() override;
  Result<std::vector<AddAudit>> audit(size_t rows_max) override;
  Result<void> ping() override { return {}; }

 private:
  struct LedgerRow {
    Instant received;
    std::optional<std::string> body_key;
  };
  struct Lease {
    std::string holder;
    int64_t epoch = 0;
    Instant until;
  };
  struct State {
    std::map<Position, OutboxRow> rows;
    std::map<Uuid, Position> positions;
    std::map<Uuid, LedgerRow> ledger;
    std::map<std::pair<std::string, std::string>, Uuid> body_keys;  // key: (source, body key)
    std::map<std::string, Position> cursors;
    std::map<std::string, PinBatch> pins;
    std::map<std::string, std::vector<BatchRow>> batches;
    std::map<std::pair<std::string, Uuid>, PutDelivery> deliveries;
    std::map<std::string, Lease> leases;
    std::map<std::string, std::string> settings;
    std::vector<AddAudit> audit;
    uint64_t last_seq = 0;  // the last number assigned; a transaction that is rolled back leaves a gap
    Position newest;        // of the newest row ever committed, even if it was purged
    Position purged;        // of the newest row that was purged
  };
  class Transaction;

  std::mutex mutex_;
  State state_;
};

}  // namespace vf::store::memory
