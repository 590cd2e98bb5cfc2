// ProjectionWriter: what projections say, written inside a transaction that somebody else began: first which events
// are new, then quarantine, then the rows, merged and in key order. Every writer takes its locks in this order, so
// none can deadlock with another. Lives for one transaction (and a search after it failed), on its thread.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/environment_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// The upsert of each projected table.
using UpsertTexts = std::unordered_map<const Table*, std::string>;

class ProjectionWriter {
 public:
  ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now) : db_(db), upserts_(upserts), now_(now) {}

  /// Statuses in order. Error `invalid`: some rows can never be written. The transaction is then of no use.
  Result<std::vector<Applied>> write(std::span<const Projection> projections);

  /// After such an error, in another transaction that must be rolled back: whose rows are refused.
  Result<Refusals> find_refused();

 private:
  struct TellingRow {
    const Row* row;
    size_t projection;  // the index of the one that tells it
  };
  /// Of one event id in the span: which projections count.
  struct Told {
    const Projection* first = nullptr;
    const Projection* forced = nullptr;  // the last one
  };
  using ToldById = std::map<Uuid, Told>;

  Result<std::set<Uuid>> record(const ToldById& told);
  Result<void> overrule(const ToldById& told, const std::set<Uuid>& fresh);
  Result<void> put_aside(const ToldById& told, const std::set<Uuid>& fresh);
  void collect_rows(const Projection& projection, size_t index);
  Result<void> write_rows();
  Result<void> write_table(std::span<const TellingRow> rows);
  Result<bool> search(std::span<const TellingRow> rows);

  Connection& db_;
  const UpsertTexts& upserts_;
  Instant now_;
  std::deque<Row> stored_forms_;
  std::vector<TellingRow> rows_;
  std::span<const TellingRow> suspects_;  // the rows of the statement that was refused
  Refusals refusals_;
};

}  // namespace vf::store::postgres
