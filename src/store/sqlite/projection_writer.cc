#include "store/sqlite/projection_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/sqlite/upsert.h"

namespace vf::store::sqlite {
namespace {

// Decides what is a duplicate.
constexpr std::string_view kInsertProcessed =
    "INSERT OR IGNORE INTO processed_events (event_id, source, type, status, time, received_at) "
    "VALUES (?, ?, ?, ?, ?, ?)";
constexpr std::string_view kUpdateStatus = "UPDATE processed_events SET status = ? WHERE event_id = ?";
constexpr std::string_view kQuarantine =
    "INSERT INTO quarantined_events (event_id, source, type, reason, envelope, quarantined_at, attempted_at, attempts) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1) ON CONFLICT (event_id) DO UPDATE SET reason = excluded.reason, "
    "attempted_at = excluded.attempted_at, attempts = attempts + 1";
constexpr std::string_view kRelease = "DELETE FROM quarantined_events WHERE event_id = ?";

}  // namespace

ProjectionWriter::ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now)
    : db_(db), upserts_(upserts), now_(to_rfc3339(now)), insert_processed_(db.query(kInsertProcessed)) {}

Result<Applied> ProjectionWriter::note(const Projection& projection) {
  VF_INVARIANT(projection.status != Applied::duplicate);
  const size_t index = noted_++;
  VF_ASSIGN(const auto is_new, record(projection));
  if (!is_new && !projection.force) return Applied::duplicate;
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

/// True when the id is new here.
Result<bool> ProjectionWriter::record(const Projection& projection) {
  const std::string id = projection.event_id.to_string();
  const std::string_view status = to_string(projection.status);
  auto done = insert_processed_.again()
                  .text(id)
                  .text(projection.source)
                  .text(projection.type)
                  .text(status)
                  .time(projection.time)
                  .text(now_)
                  .run();
  if (!done) return done.error();
  if (db_.changes() > 0) return true;
  if (projection.force) done = db_.query(kUpdateStatus).text(status).text(id).run();
  if (!done) return done.error();
  return false;
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

// Key order keeps neighbouring rows on one page in memory, and is the order in which every writer takes its locks.
Result<void> ProjectionWriter::write_rows() {
  std::ranges::sort(rows_, [](const auto& a, const auto& b) { return compare_keys(*a.row, *b.row) < 0; });
  const std::span<const TellingRow> all = rows_;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    while (end < all.size() && all[end].row->table == all[begin].row->table) ++end;
    if (auto done = write_table(all.subspan(begin, end - begin)); !done) return done;
    begin = end;
  }
  if (!refusals_.empty()) return invalid(refusals_.begin()->second);
  return {};
}

Result<void> ProjectionWriter::write_table(std::span<const TellingRow> rows) {
  const auto text = upserts_.find(rows.front().row->table);
  if (text == upserts_.end())
    return internal(fmt::format("{} is no table of this store", rows.front().row->table->name));
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
    auto done = upsert.run();
    if (!done) done = refuse(upsert, rows.subspan(begin, i - begin), done.error());
    if (!done) return done;
  }
  return {};
}

/// Notes whose the row is that was refused; where several tell it, each alone says whether it is theirs. What this
/// writes is taken back with the transaction.
Result<void> ProjectionWriter::refuse(Query& upsert, std::span<const TellingRow> same, const Error& error) {
  if (error.code != Code::invalid) return error;
  bool found = false;
  for (const auto& [row, projection] : same) {
    bind_row(upsert.again(), *row);
    const auto done = upsert.run();
    if (!done && done.error().code != Code::invalid) return done;
    if (!done) refusals_.emplace(projection, done.error().message);
    found = found || !done;
  }
  if (!found) refusals_.emplace(same.back().projection, error.message);
  return {};
}

}  // namespace vf::store::sqlite
