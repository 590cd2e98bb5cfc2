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

bool same_row(const Row* a, const Row* b) { return compare_keys(*a, *b) == 0; }

}  // namespace

ProjectionWriter::ProjectionWriter(Connection& db, const UpsertTexts& upserts, Instant now)
    : db_(db), upserts_(upserts), now_(to_rfc3339(now)), insert_processed_(db.query(kInsertProcessed)) {}

Result<Applied> ProjectionWriter::note(const Projection& projection) {
  VF_INVARIANT(projection.status != Applied::duplicate);
  const auto is_new = record(projection);
  if (!is_new) return is_new.error();
  if (!*is_new && !projection.force) return Applied::duplicate;
  if (projection.status == Applied::quarantined) {
    if (auto done = quarantine(projection); !done) return done.error();
    return projection.status;
  }
  if (projection.force) {
    if (auto done = db_.query(kRelease).uuid(projection.event_id).run(); !done) return done.error();
  }
  for (const Row& row : projection.rows) rows_.push_back(&row);
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
  if (!done) return done;
  if (db_.changes() > 0) return true;
  if (projection.force) done = db_.query(kUpdateStatus).text(status).text(id).run();
  if (!done) return done;
  return false;
}

Result<bool> ProjectionWriter::quarantine(const Projection& projection) {
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
Result<bool> ProjectionWriter::write_rows() {
  std::ranges::sort(rows_, [](const Row* a, const Row* b) { return compare_keys(*a, *b) < 0; });
  const std::span<const Row* const> all = rows_;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    while (end < all.size() && all[end]->table == all[begin]->table) ++end;
    if (auto done = write_table(all.subspan(begin, end - begin)); !done) return done;
    begin = end;
  }
  return true;
}

Result<bool> ProjectionWriter::write_table(std::span<const Row* const> rows) {
  const auto text = upserts_.find(rows.front()->table);
  if (text == upserts_.end()) return internal(fmt::format("{} is no table of this store", rows.front()->table->name));
  Query upsert = db_.query(text->second);
  for (size_t i = 0; i < rows.size();) {
    const Row* row = rows[i];
    Row joined;
    for (++i; i < rows.size() && same_row(row, rows[i]); ++i) {
      if (row != &joined) joined = *row;
      row = &joined;
      merge(joined, *rows[i]);
    }
    bind_row(upsert.again(), *row);
    if (auto done = upsert.run(); !done) return done;
  }
  return true;
}

}  // namespace vf::store::sqlite
