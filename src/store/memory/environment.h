// MemoryEnvironment: an honest model of an environment's database in memory, joining rows by store::merge. Obeys the
// port's contract as a driver does and keeps nothing over its own life: for the simulation and for tests, never for
// production. Refuses
// nothing. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/environment_store.h"

namespace vf::store::memory {

class MemoryEnvironment : public EnvironmentStore {
 public:
  Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now, Refusals* refusals) override;

  Result<std::optional<ProcessedEvent>> processed(Uuid event_id) override;
  Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) override;
  Result<int64_t> purge(const Purge& step) override;
  Result<std::vector<std::pair<std::string, int64_t>>> row_counts() override;
  Result<std::vector<std::vector<Value>>> rows(const Table& table, size_t rows_max) override;
  Result<void> ping() override { return {}; }

 private:
  struct KeyOrder {
    bool operator()(const Row& a, const Row& b) const { return compare_keys(a, b) < 0; }
  };
  struct Nothing {};

  Applied apply_one(const Projection& projection, Instant now);

  std::mutex mutex_;
  std::map<Uuid, ProcessedEvent> processed_;
  std::map<Uuid, QuarantinedEvent> quarantined_;
  std::map<Row, Row, KeyOrder> rows_;  // by a row's key columns; the value is the join of all that were told
};

}  // namespace vf::store::memory
