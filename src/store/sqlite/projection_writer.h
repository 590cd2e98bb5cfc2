// ProjectionWriter: what projections say, written inside a transaction that somebody else began: first which events
// are new, then their rows, merged and in key order. Lives for one transaction, on its thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "store/environment_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// The upsert of each projected table.
using UpsertTexts = std::unordered_map<const Table*, std::string>;

class ProjectionWriter {
 public:
  ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now);

  /// Records the event; its rows wait for write_rows() unless it is a duplicate.
  Result<Applied> note(const Projection& projection);
  /// Error `invalid`: some rows can never be written; refusals() tells of which projections.
  Result<void> write_rows();
  Refusals& refusals() { return refusals_; }

 private:
  struct TellingRow {
    const Row* row;
    size_t projection;  // the index of the one that tells it
  };
  Result<bool> record(const Projection& projection);
  Result<void> quarantine(const Projection& projection);
  Result<void> write_table(std::span<const TellingRow> rows);
  Result<void> refuse(Query& upsert, std::span<const TellingRow> same, const Error& error);

  Connection& db_;
  const UpsertTexts& upserts_;
  std::string now_;
  Query insert_processed_;
  std::vector<TellingRow> rows_;
  size_t noted_ = 0;
  Refusals refusals_;
};

}  // namespace vf::store::sqlite
