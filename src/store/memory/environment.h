// MemoryEnvironment: a model of an environment's database in memory, which merges rows by store::merge(). It fulfills
// the contract of EnvironmentStore as a driver does, except that it refuses no row and that its content is lost when
// the object is destroyed. For tests and the simulation, never for production. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/environment_store.h"
#include "store/run_table.h"

namespace vf::store::memory {

class MemoryEnvironment : public EnvironmentStore {
 public:
  Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now, Refusals* refusals) override;

  Result<std::optional<ProcessedEvent>> processed(Uuid event_id) override;
  Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) override;
  Result<std::vector<QuarantinedEvent>> not_tried(Attempts between, size_t rows_max) override;
  Result<std::vector<QuarantinedEvent>> quarantined_after(const QuarantinePlace& after, size_t rows_max) override;
  Result<std::optional<QuarantinedEvent>> find_quarantined(Uuid event_id) override;
  Result<int64_t> count_quarantined(int64_t at_most) override;
  Result<int64_t> drop_quarantined(std::span<const Uuid> events) override;
  Result<int64_t> purge(const Purge& step) override;
  Result<RunResult> write_run(const RunWrite& write, Instant now) override;
  Result<std::vector<Run>> runs(const RunFilter& filter) override;
  Result<std::optional<Run>> find_run(Uuid id) override;
  Result<std::vector<JobRuns>> last_runs() override;
  Result<std::vector<std::string>> waiting_jobs(Instant now) override;
  Result<void> ping() override { return {}; }

  /// For tests: returns the number of rows of each table that has rows, by table name.
  Result<std::vector<std::pair<std::string, int64_t>>> row_counts();
  /// For tests: returns the rows of a table in key order, at most `rows_max`.
  Result<std::vector<std::vector<Value>>> rows(const Table& table, size_t rows_max);

 private:
  struct KeyOrder {
    bool operator()(const Row& a, const Row& b) const { return compare_keys(a, b) < 0; }
  };
  Applied apply_one(const Projection& projection, Instant now);

  std::mutex mutex_;
  std::map<Uuid, ProcessedEvent> processed_;
  std::map<Uuid, QuarantinedEvent> quarantined_;
  std::map<Row, Row, KeyOrder> rows_;  // key: compared by the key columns; value: the merge of all rows applied
  RunTable runs_;
};

}  // namespace vf::store::memory
