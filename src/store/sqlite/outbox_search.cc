#include "store/sqlite/outbox_search.h"

#include <algorithm>

#include "store/sqlite/event_row.h"
#include "store/sqlite/transaction_writer.h"

namespace vf::store::sqlite {
namespace {

constexpr int64_t kRowsPerStep = 10'000;
// Receive times increase with the rows' numbers, except when the clock is corrected; the search allows for a correction
// of at most this.
constexpr std::chrono::hours kClockCorrectionMax{1};

constexpr std::string_view kSearch =
    "SELECT " VF_EVENT_COLUMNS
    " FROM ingest_outbox o WHERE o.seq >= ?1 AND o.seq < ?2 "
    "AND (?3 IS NULL OR o.source = ?3) AND (?4 IS NULL OR o.type = ?4) AND (?5 IS NULL OR instr(o.type, ?5) = 1) "
    "AND (?6 IS NULL OR o.subject = ?6) AND (?7 IS NULL OR o.received_at >= ?7) "
    "AND (?8 IS NULL OR o.received_at < ?8) ORDER BY o.seq DESC LIMIT ?9";
constexpr std::string_view kReceivedBefore =
    "SELECT received_at FROM ingest_outbox WHERE seq < ? ORDER BY seq DESC LIMIT 1";

void bind_text(Query& query, const std::optional<std::string>& value) { value ? query.text(*value) : query.null(); }

void bind_time(Query& query, const std::optional<Instant>& value) { value ? query.time(*value) : query.null(); }

void bind_type(Query& query, const std::optional<std::string>& type) {
  const bool is_prefix = type && type->ends_with('*');
  type && !is_prefix ? query.text(*type) : query.null();
  is_prefix ? query.text(std::string_view(*type).substr(0, type->size() - 1)) : query.null();
}

struct Step {
  int64_t from;
  int64_t before;
};

/// Appends the rows found in one step, up to filter.rows_max in `found`.
Result<void> search_step(Connection& db, const EventFilter& filter, Step step, std::vector<OutboxRow>& found) {
  Query query = db.query(kSearch);
  query.integer(step.from).integer(step.before);
  bind_text(query, filter.source);
  bind_type(query, filter.type);
  bind_text(query, filter.subject);
  bind_time(query, filter.from);
  bind_time(query, filter.to);
  query.integer(static_cast<int64_t>(filter.rows_max - found.size()));
  while (true) {
    VF_ASSIGN(const bool row, query.step());
    if (!row) return {};
    found.push_back(read_event(query));
  }
}

/// Returns whether every row below `before` was received too early for the filter.
Result<bool> all_too_old(Connection& db, const EventFilter& filter, int64_t before) {
  if (!filter.from) return false;
  Query query = db.query(kReceivedBefore);
  VF_ASSIGN(const bool row, query.integer(before).step());
  return row && query.time_at(0) < *filter.from - kClockCorrectionMax;
}

}  // namespace

Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter) {
  VF_ASSIGN(const auto first, read_first(db));
  VF_ASSIGN(const auto end, read_end(db));
  int64_t before = end + 1;
  if (filter.before) before = std::min(before, static_cast<int64_t>(filter.before->seq));
  std::vector<OutboxRow> found;
  while (found.size() < filter.rows_max && before > first) {
    VF_ASSIGN(const auto too_old, all_too_old(db, filter, before));
    if (too_old) break;
    const Step step{.from = std::max(first, before - kRowsPerStep), .before = before};
    VF_TRY(search_step(db, filter, step, found));
    before = step.from;
  }
  return found;
}

}  // namespace vf::store::sqlite
