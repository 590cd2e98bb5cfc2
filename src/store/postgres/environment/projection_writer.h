// ProjectionWriter: writes projections inside a transaction that the caller has begun: first which events are new, then
// quarantine, then the rows, merged and in key order. Every writer takes its locks in this order, so no two can
// deadlock. Lives for one transaction (and a search after it failed), on its thread.
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

/// upsert_sql() of each projected table.
using UpsertTexts = std::unordered_map<const Table*, std::string>;

class ProjectionWriter {
 public:
  ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now) : db_(db), upserts_(upserts), now_(now) {}

  /// Statuses in order. Error `invalid`: some rows can never be written; the transaction must be rolled back.
  Result<std::vector<Applied>> write(std::span<const Projection> projections);

  /// After that error, in another transaction that must be rolled back: the projections whose rows are refused.
  Result<Refusals> find_refused();

 private:
  struct ProjectedRow {
    const Row* row;
    size_t projection;  // the index of the projection that the row is part of
  };
  /// The projections of one event id that take effect.
  struct SameEvent {
    const Projection* first = nullptr;
    const Projection* forced = nullptr;  // the last forced one
  };
  using EventsById = std::map<Uuid, SameEvent>;

  Result<std::set<Uuid>> insert_processed(const EventsById& events);
  Result<void> update_statuses(const EventsById& events, const std::set<Uuid>& fresh);
  Result<void> update_quarantine(const EventsById& events, const std::set<Uuid>& fresh);
  void collect_rows(const Projection& projection, size_t index);
  Result<void> write_rows();
  Result<void> write_table(std::span<const ProjectedRow> rows);
  Result<bool> search(std::span<const ProjectedRow> rows);

  Connection& db_;
  const UpsertTexts& upserts_;
  Instant now_;
  std::deque<Row> stored_forms_;
  std::vector<ProjectedRow> rows_;
  std::span<const ProjectedRow> refused_;  // the rows of the statement that was refused
  Refusals refusals_;
};

}  // namespace vf::store::postgres
