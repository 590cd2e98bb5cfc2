// MemoryOutbox: a model of the shared database in memory. It fulfills the contract of OutboxStore as a driver does (the
// conformance suite runs on it too), except that its content is lost when the object is destroyed. For unit tests and
// the simulation, never for production. Transactions are atomic. Thread safe.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "store/memory/outbox_transaction.h"
#include "store/outbox_store.h"

namespace vf::store::memory {

class MemoryOutbox : public OutboxStore {
 public:
  Result<std::vector<WriteResult>> write(std::span<const Write> writes, Instant now, size_t* failed_index) override;

  Result<std::vector<OutboxRow>> read_after(const ReadAfter& params) override;
  Result<Position> end() override;
  Result<Position> purged() override;
  Result<std::optional<Position>> cursor(const std::string& consumer) override;
  Result<std::vector<ConsumerRow>> consumers() override;
  Result<std::optional<PinBatch>> open_pin(const std::string& consumer) override;
  Result<Backlog> backlog(Position after) override;
  Result<std::vector<PutDelivery>> deliveries(const std::string& target, PutDelivery::State state,
                                              size_t rows_max) override;
  Result<std::vector<PutDelivery>> deliveries_of(Uuid event_id) override;
  Result<std::vector<PutDelivery>> deliveries_after(const std::string& target, Position after,
                                                    size_t rows_max) override;
  Result<int64_t> count_deliveries(const std::string& target, PutDelivery::State state, int64_t at_most) override;
  Result<std::vector<PutDelivery>> revived(const std::string& target, size_t rows_max) override;
  Result<std::optional<OutboxRow>> find(Uuid event_id) override;
  Result<std::optional<LedgerEntry>> ledger(Uuid event_id) override;
  Result<std::optional<BatchRow>> batch_of(const std::string& consumer, Position position) override;
  Result<std::vector<OutboxRow>> search(const EventFilter& filter) override;
  Result<std::vector<PutSetting>> settings() override;
  Result<std::vector<AuditRow>> audit(const AuditFilter& filter) override;
  Result<std::vector<Run>> runs(const RunFilter& filter) override;
  Result<std::optional<Run>> find_run(Uuid id) override;
  Result<std::vector<JobRuns>> last_runs() override;
  Result<std::vector<std::string>> waiting_jobs(Instant now) override;
  Result<void> ping() override { return {}; }

 private:
  /// Returns a target's deliveries for which `wanted` holds. The caller holds the mutex.
  std::vector<PutDelivery> select(const std::string& target, const std::function<bool(const PutDelivery&)>& wanted);

  std::mutex mutex_;
  OutboxState state_;
};

}  // namespace vf::store::memory
