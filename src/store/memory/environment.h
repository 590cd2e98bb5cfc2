// MemoryEnvironment: a model of an environment's database in memory, which joins rows by store::merge(). It obeys the
// port's contract as a driver does, except that it refuses no row and its content ends with the object. For tests and
// the simulation, never for production. Thread safe.
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
  Result<void> ping() override { return {}; }

  /// The tables' content, for tests: the number of rows of each table that has any, and a table's rows in key order.
  Result<std::vector<std::pair<std::string, int64_t>>> row_counts();
  Result<std::vector<std::vector<Value>>> rows(const Table& table, size_t rows_max);

 private:
  struct KeyOrder {
    bool operator()(const Row& a, const Row& b) const { return compare_keys(a, b) < 0; }
  };
  Applied apply_one(const Projection& projection, Instant now);

  std::mutex mutex_;
  std::map<Uuid, ProcessedEvent> processed_;
  std::map<Uuid, QuarantinedEvent> quarantined_;
  std::map<Row, Row, KeyOrder> rows_;  // by key columns; the value is the join of all rows applied
};

}  // namespace vf::store::memory
