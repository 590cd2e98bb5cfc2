// ProjectionWriter: writes projections inside a transaction that the caller has begun. It records the events in
// processed_events and quarantined_events, then writes the projected rows, merged and in key order. Lives for one
// transaction, on its thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "store/environment_store.h"
#include "store/sqlite/connection.h"
#include "store/table.h"

namespace vf::store::sqlite {

/// Returns the statement that merges a row into its table by the rules of store::merge(): INSERT … ON CONFLICT DO
/// UPDATE … WHERE a column changes. A column that the row does not mention is bound as NULL.
std::string upsert_sql(const Table& table);

/// Binds a row to the parameters of upsert_sql(). The row must live until the statement has run.
void bind_row(Query& upsert, const Row& row);

/// upsert_sql() of each projected table.
using UpsertTexts = std::unordered_map<const Table*, std::string>;

class ProjectionWriter {
 public:
  ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now);

  /// Records the event and keeps its rows for write_rows(), unless the event is a duplicate. Returns its status.
  Result<Applied> record(const Projection& projection);
  /// Writes the rows of the recorded events. Error `invalid`: some rows can never be written; refusals() has their
  /// projections.
  Result<void> write_rows();
  Refusals& refusals() { return refusals_; }

 private:
  struct ProjectedRow {
    const Row* row;
    size_t projection;  // the index of the projection that the row is part of
  };
  Result<bool> write_processed(const Projection& projection);
  Result<void> quarantine(const Projection& projection);
  Result<void> write_table(std::span<const ProjectedRow> rows);
  Result<void> refuse(Query& upsert, std::span<const ProjectedRow> same_key, const Error& error);

  Connection& db_;
  const UpsertTexts& upserts_;
  std::string now_;
  Query insert_processed_;
  std::vector<ProjectedRow> rows_;
  size_t recorded_ = 0;
  Refusals refusals_;
};

}  // namespace vf::store::sqlite
