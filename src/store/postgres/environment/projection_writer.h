// ProjectionWriter: writes projections inside a transaction that the caller has begun. It inserts the new events into
// processed_events, then writes quarantined_events, then the projected rows, merged and in key order. Every writer
// takes its locks in this order, so two writers cannot deadlock. Lives for one transaction (and for the search for
// refused rows after that transaction failed), on its thread.
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

  /// Writes the projections and returns their statuses in the same order. Error `invalid`: some rows can never be
  /// written; the caller must roll back the transaction.
  Result<std::vector<Applied>> write(std::span<const Projection> projections);

  /// Returns the projections whose rows are refused. Call it after error `invalid` of write(), in another transaction,
  /// and roll that back too.
  Result<Refusals> find_refused();

 private:
  struct ProjectedRow {
    const Row* row;
    size_t projection;  // the index of the projection that the row is part of
  };
  /// Of the projections with the same event id, those that take effect.
  struct SameEvent {
    const Projection* first = nullptr;
    const Projection* forced = nullptr;  // the last projection that is forced; nullptr also if the event was dropped
  };
  using EventsById = std::map<Uuid, SameEvent>;

  Result<std::set<Uuid>> insert_processed(const EventsById& events);
  Result<void> update_statuses(EventsById& events, const std::set<Uuid>& fresh);
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
  std::span<const ProjectedRow> refused_;  // the rows of the statement that the server refused
  Refusals refusals_;
};

}  // namespace vf::store::postgres
