#include "store/sqlite/projection_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vf::store::sqlite {
namespace {

// Decides which events are duplicates.
constexpr std::string_view kInsertProcessed =
    "INSERT OR IGNORE INTO processed_events (event_id, source, type, status, time, received_at) "
    "VALUES (?, ?, ?, ?, ?, ?)";
constexpr std::string_view kUpdateStatus =
    "UPDATE processed_events SET status = ? WHERE event_id = ? AND status <> 'dropped'";
constexpr std::string_view kQuarantine =
    "INSERT INTO quarantined_events (event_id, source, type, reason, envelope, quarantined_at, attempted_at, attempts) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1) ON CONFLICT (event_id) DO UPDATE SET reason = excluded.reason, "
    "attempted_at = excluded.attempted_at, attempts = attempts + 1";
constexpr std::string_view kRelease = "DELETE FROM quarantined_events WHERE event_id = ?";

void bind_value(Query& query, const Value& value) {
  struct Binder {
    Query& query;
    void operator()(std::monostate) const { query.null(); }
    void operator()(int64_t number) const { query.integer(number); }
    void operator()(const std::string& text) const { query.text(text); }
    void operator()(bool flag) const { query.integer(flag ? 1 : 0); }
    void operator()(Instant time) const { query.time(time); }
  };
  std::visit(Binder{query}, value);
}

void bind_stamp(Query& query, const Row& row, size_t group) {
  const bool ranked = rule_of(*row.table, group) == Merge::rank;
  if (!takes_part(row, group)) {
    if (ranked) query.null();
    query.null().null();
    return;
  }
  const Stamp& stamp = row.stamps[group];
  if (ranked) query.integer(stamp.rank);
  query.time(stamp.at).uuid(stamp.by);
}

}  // namespace

std::string upsert_sql(const Table& table) {
  std::vector<std::string_view> columns;
  for (const StoredColumn& column : stored_columns(table)) columns.push_back(column.name);
  const std::vector<std::string_view> marks(columns.size(), "?");
  std::string sql = fmt::format("INSERT INTO {} AS t ({}) VALUES ({}) ON CONFLICT ({}) DO ", table.name,
                                fmt::join(columns, ", "), fmt::join(marks, ", "), fmt::join(key_columns(table), ", "));
  const std::string assignments = assignments_sql(table);
  if (assignments.empty()) return sql + "NOTHING";
  return sql + fmt::format("UPDATE SET {} WHERE {}", assignments, changes_sql(table));
}

void bind_row(Query& upsert, const Row& row) {
  for (const auto& cell : row.cells) cell ? bind_value(upsert, *cell) : static_cast<void>(upsert.null());
  for (size_t group = 0; group < row.table->groups.size(); ++group) bind_stamp(upsert, row, group);
}

ProjectionWriter::ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now)
    : db_(db), upserts_(upserts), now_(to_rfc3339(now)), insert_processed_(db.query(kInsertProcessed)) {}

Result<Applied> ProjectionWriter::record(const Projection& projection) {
  VF_INVARIANT(projection.status != Applied::duplicate);
  const size_t index = recorded_++;
  VF_ASSIGN(const bool is_written, write_processed(projection));
  if (!is_written) return Applied::duplicate;
  if (projection.status == Applied::quarantined) {
    VF_TRY(quarantine(projection));
    return projection.status;
  }
  if (projection.force) {
    VF_TRY(db_.query(kRelease).uuid(projection.event_id).run());
  }
  for (const Row& row : projection.rows) rows_.push_back({&row, index});
  return projection.status;
}

/// Writes the event's row of processed_events. Returns false when its rows must not be written: its id is not new, and
/// it is not forced or was dropped.
Result<bool> ProjectionWriter::write_processed(const Projection& projection) {
  const std::string id = projection.event_id.to_string();
  const std::string_view status = to_string(projection.status);
  insert_processed_.again().text(id).text(projection.source).text(projection.type).text(status);
  VF_TRY(insert_processed_.time(projection.time).text(now_).run());
  if (db_.changes() > 0) return true;
  if (!projection.force) return false;
  VF_TRY(db_.query(kUpdateStatus).text(status).text(id).run());
  return db_.changes() > 0;
}

Result<void> ProjectionWriter::quarantine(const Projection& projection) {
  return db_.query(kQuarantine)
      .uuid(projection.event_id)
      .text(projection.source)
      .text(projection.type)
      .text(projection.reason)
      .text(projection.envelope)
      .text(now_)
      .run();
}

// Sorts the rows by key: rows with the same key are then adjacent and can be merged, and the pages of neighbouring rows
// stay in the cache.
Result<void> ProjectionWriter::write_rows() {
  std::ranges::sort(rows_, [](const auto& a, const auto& b) { return compare_keys(*a.row, *b.row) < 0; });
  const std::span<const ProjectedRow> all = rows_;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    while (end < all.size() && all[end].row->table == all[begin].row->table) ++end;
    VF_TRY(write_table(all.subspan(begin, end - begin)));
    begin = end;
  }
  if (!refusals_.empty()) return invalid(refusals_.begin()->second);
  return {};
}

Result<void> ProjectionWriter::write_table(std::span<const ProjectedRow> rows) {
  const auto text = upserts_.find(rows.front().row->table);
  if (text == upserts_.end())
    return internal(fmt::format("{} is not a table of this store", rows.front().row->table->name));
  Query upsert = db_.query(text->second);
  for (size_t i = 0; i < rows.size();) {
    const size_t begin = i;
    const Row* row = rows[i].row;
    Row joined;
    for (++i; i < rows.size() && compare_keys(*row, *rows[i].row) == 0; ++i) {
      if (row != &joined) joined = *row;
      row = &joined;
      merge(joined, *rows[i].row);
    }
    bind_row(upsert.again(), *row);
    if (const auto done = upsert.run(); !done) {
      VF_TRY(refuse(upsert, rows.subspan(begin, i - begin), done.error()));
    }
  }
  return {};
}

/// Records the projection of a refused row. When several projections have a row of this key, each row is tried alone;
/// the rows that this writes are rolled back with the transaction.
Result<void> ProjectionWriter::refuse(Query& upsert, std::span<const ProjectedRow> same_key, const Error& error) {
  if (error.code != Code::invalid) return error;
  bool found = false;
  for (const auto& [row, projection] : same_key) {
    bind_row(upsert.again(), *row);
    const auto done = upsert.run();
    if (!done && done.error().code != Code::invalid) return done;
    if (!done) refusals_.emplace(projection, done.error().message);
    found = found || !done;
  }
  if (!found) refusals_.emplace(same_key.back().projection, error.message);
  return {};
}

}  // namespace vf::store::sqlite
