#include "store/postgres/environment/projection_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/environment/upsert.h"

namespace vf::store::postgres {
namespace {

// The most rows of one statement. This bounds the statement's memory, and keeps its cost (about 8.5 per row) below
// jit_above_cost: above it, compiling the statement would take longer than running it.
constexpr size_t kRowsMax = 5'000;

// Decides which events are duplicates. Waits for a concurrent transaction that inserts the same id.
constexpr const char* kInsertProcessed =
    "INSERT INTO public.processed_events (event_id, source, type, status, time, received_at) "
    "SELECT u.*, $6 FROM unnest($1, $2, $3, $4, $5) AS u ON CONFLICT (event_id) DO NOTHING RETURNING event_id";
// Uses ON CONFLICT because it locks rows in the order of the arrays; an UPDATE may lock them in any order.
constexpr const char* kUpdateStatus =
    "INSERT INTO public.processed_events AS t (event_id, source, type, status, time, received_at) "
    "SELECT u.*, $6 FROM unnest($1, $2, $3, $4, $5) AS u "
    "ON CONFLICT (event_id) DO UPDATE SET status = excluded.status WHERE t.status <> excluded.status AND t.status <> "
    "'dropped'";
// The rows are locked by kUpdateStatus. Finds each by its key.
constexpr const char* kDropped =
    "SELECT u.event_id FROM unnest($1) AS u (event_id) WHERE (SELECT status FROM public.processed_events p "
    "WHERE p.event_id = u.event_id) = 'dropped'";
constexpr const char* kQuarantine =
    "INSERT INTO public.quarantined_events AS t (event_id, source, type, reason, envelope, quarantined_at, "
    "attempted_at, attempts) SELECT u.*, $6, $6, 1 FROM unnest($1, $2, $3, $4, $5) AS u ON CONFLICT (event_id) DO "
    "UPDATE SET "
    "reason = excluded.reason, attempted_at = excluded.attempted_at, attempts = t.attempts + 1";
// Finds and locks each row by its key, in the order of the array.
constexpr const char* kRelease =
    "DELETE FROM public.quarantined_events WHERE event_id = ANY (ARRAY(SELECT (SELECT event_id "
    "FROM public.quarantined_events WHERE event_id = u.event_id FOR UPDATE) FROM unnest($1) AS u (event_id)))";

/// The parameters of kInsertProcessed and kUpdateStatus: one array for each column.
struct ProcessedRows {
  Array ids{Type::uuid}, sources{Type::text}, types{Type::text}, statuses{Type::text}, times{Type::time};
  void add(const Projection& event, Applied status) {
    ids.uuid(event.event_id);
    sources.text(event.source);
    types.text(event.type);
    statuses.text(to_string(status));
    times.time(event.time);
  }
  Values bind(Instant now) const {
    return std::move(Values().array(ids).array(sources).array(types).array(statuses).array(times).time(now));
  }
};

/// The parameters of kQuarantine: one array for each column.
struct QuarantineRows {
  Array ids{Type::uuid}, sources{Type::text}, types{Type::text}, reasons{Type::text}, envelopes{Type::text};
  void add(const Projection& event) {
    ids.uuid(event.event_id);
    sources.text(event.source);
    types.text(event.type);
    reasons.text(event.reason);
    envelopes.text(event.envelope);
  }
  Values bind(Instant now) const {
    return std::move(Values().array(ids).array(sources).array(types).array(reasons).array(envelopes).time(now));
  }
};

Result<void> run(Connection& db, const char* sql, const Values& values) {
  VF_TRY(db.query(sql, values));
  return {};
}

}  // namespace

Result<std::vector<Applied>> ProjectionWriter::write(std::span<const Projection> projections) {
  EventsById events;
  for (const Projection& projection : projections) {
    VF_INVARIANT(projection.status != Applied::duplicate);
    SameEvent& same = events[projection.event_id];
    if (same.first == nullptr) same.first = &projection;
    if (projection.force) same.forced = &projection;
  }
  if (events.empty()) return std::vector<Applied>{};
  VF_ASSIGN(const auto fresh, insert_processed(events));
  VF_TRY(update_statuses(events, fresh));
  VF_TRY(update_quarantine(events, fresh));
  std::vector<Applied> statuses;
  statuses.reserve(projections.size());
  for (const Projection& projection : projections) {
    const bool is_new = events[projection.event_id].first == &projection && fresh.contains(projection.event_id);
    const bool is_retried = projection.force && events[projection.event_id].forced != nullptr;
    if (is_new || is_retried) collect_rows(projection, statuses.size());
    statuses.push_back(is_new || is_retried ? projection.status : Applied::duplicate);
  }
  if (!refusals_.empty()) return invalid(refusals_.begin()->second);
  VF_TRY(write_rows());
  return statuses;
}

/// Inserts the events into processed_events. Returns the ids that were not processed before.
Result<std::set<Uuid>> ProjectionWriter::insert_processed(const EventsById& events) {
  ProcessedRows rows;
  for (const auto& [id, same] : events) rows.add(*same.first, (same.forced ? same.forced : same.first)->status);
  VF_ASSIGN(const auto inserted, db_.query(kInsertProcessed, rows.bind(now_)));
  std::set<Uuid> fresh;
  for (int i = 0; i < inserted.size(); ++i) fresh.insert(fresh.end(), inserted.uuid_at(i, 0));
  return fresh;
}

/// Writes the new status of the events that were processed before and are forced, unless they were dropped.
Result<void> ProjectionWriter::update_statuses(EventsById& events, const std::set<Uuid>& fresh) {
  ProcessedRows rows;
  for (const auto& [id, same] : events) {
    if (same.forced && !fresh.contains(id)) rows.add(*same.forced, same.forced->status);
  }
  if (rows.ids.size() == 0) return {};
  VF_TRY(run(db_, kUpdateStatus, rows.bind(now_)));
  VF_ASSIGN(const auto dropped, db_.query(kDropped, Values().array(rows.ids)));
  for (int i = 0; i < dropped.size(); ++i) events[dropped.uuid_at(i, 0)].forced = nullptr;
  return {};
}

/// Adds the quarantined events to quarantined_events, and removes forced events that are not quarantined again.
Result<void> ProjectionWriter::update_quarantine(const EventsById& events, const std::set<Uuid>& fresh) {
  QuarantineRows refused;
  Array released(Type::uuid);
  for (const auto& [id, same] : events) {
    const Projection* effective = same.forced ? same.forced : fresh.contains(id) ? same.first : nullptr;
    if (effective == nullptr) continue;
    if (effective->status == Applied::quarantined) {
      refused.add(*effective);
    } else if (effective->force) {
      released.uuid(id);
    }
  }
  if (refused.ids.size() > 0) {
    VF_TRY(run(db_, kQuarantine, refused.bind(now_)));
  }
  return released.size() == 0 ? Result<void>() : run(db_, kRelease, Values().array(released));
}

void ProjectionWriter::collect_rows(const Projection& projection, size_t index) {
  if (projection.status == Applied::quarantined) return;
  for (const Row& row : projection.rows) {
    if (const auto reason = misfit(row)) {
      refusals_.emplace(index, *reason);
      return;
    }
    auto stored = stored_form(row);
    rows_.push_back({stored ? &stored_forms_.emplace_back(std::move(*stored)) : &row, index});
  }
}

Result<void> ProjectionWriter::write_rows() {
  std::ranges::sort(rows_, [](const auto& a, const auto& b) { return compare_keys(*a.row, *b.row) < 0; });
  const std::span<const ProjectedRow> all = rows_;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    const auto is_next = [&](size_t i) {
      if (i >= all.size() || all[i].row->table != all[begin].row->table) return false;
      return i - begin < kRowsMax || compare_keys(*all[i - 1].row, *all[i].row) == 0;
    };
    while (is_next(end)) ++end;
    const auto rows = all.subspan(begin, end - begin);
    if (auto done = write_table(rows); !done) {
      if (done.error().code == Code::invalid) refused_ = rows;
      return done;
    }
    begin = end;
  }
  return {};
}

Result<void> ProjectionWriter::write_table(std::span<const ProjectedRow> rows) {
  const Table& table = *rows.front().row->table;
  const auto text = upserts_.find(&table);
  if (text == upserts_.end()) return internal(fmt::format("{} is not a table of this store", table.name));
  std::deque<Row> joined;
  std::vector<const Row*> distinct;
  for (const auto& [row, projection] : rows) {
    if (distinct.empty() || compare_keys(*distinct.back(), *row) != 0) {
      distinct.push_back(row);
      continue;
    }
    const bool is_joined = !joined.empty() && distinct.back() == &joined.back();
    if (!is_joined) distinct.back() = &joined.emplace_back(*distinct.back());
    merge(joined.back(), *row);
  }
  return run(db_, text->second.c_str(), bind_rows(table, distinct));
}

Result<Refusals> ProjectionWriter::find_refused() {
  if (!refused_.empty()) {
    VF_TRY(search(refused_));
  }
  return std::move(refusals_);
}

/// Writes the rows, rolls back, and if the server refused them, searches both halves. Returns whether the rows were
/// refused. If neither half is refused alone (there is a single row, or only the merge of the rows of one key is
/// refused), the projection of the last row is recorded.
Result<bool> ProjectionWriter::search(std::span<const ProjectedRow> rows) {
  VF_TRY(db_.run("SAVEPOINT trial"));
  const auto written = write_table(rows);
  if (!written && written.error().code != Code::invalid) return written.error();
  VF_TRY(db_.run("ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial"));
  if (written) return false;
  bool found = false;
  if (rows.size() > 1) {
    for (const auto& half : {rows.first(rows.size() / 2), rows.subspan(rows.size() / 2)}) {
      VF_ASSIGN(const bool in_half, search(half));
      found = found || in_half;
    }
  }
  if (!found) refusals_.emplace(rows.back().projection, written.error().message);
  return true;
}

}  // namespace vf::store::postgres
