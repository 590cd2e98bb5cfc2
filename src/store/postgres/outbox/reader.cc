#include "store/postgres/outbox/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/outbox/event_row.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kReadAfter =
    "SELECT " VF_EVENT_COLUMNS " FROM ingest.read_after($1::integer, $2::text::xid8, $3, $4, $5, $6) o";
constexpr const char* kHidden =
    "SELECT ingest.hidden_rows($1::integer, $2::text::xid8, $3, $4::integer, $5::text::xid8, $6, $7)";

Millis steady_now() { return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()); }

int64_t bounded(size_t number) { return static_cast<int64_t>(std::min<size_t>(number, size_t{1} << 40)); }

}  // namespace

Result<std::vector<OutboxRow>> OutboxReader::fetch(Connection& db, const ReadAfter& params,
                                                   std::optional<Instant> floor) {
  Values values;
  add_position(values, params.after);
  values.time(floor.value_or(Instant::min())).integer(bounded(params.rows_max)).integer(bounded(params.bytes_max));
  VF_ASSIGN(const auto rows, db.query(kReadAfter, values));
  std::vector<OutboxRow> out;
  out.reserve(static_cast<size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) out.push_back(read_event(rows, i));
  return out;
}

Result<std::vector<OutboxRow>> OutboxReader::read(Connection& db, const ReadAfter& params) {
  const auto place = trail_.find(params.after);
  const bool is_due = place && steady_now() - place->proved_at >= proof_every_;
  auto rows = fetch(db, params, place && !is_due ? std::optional(place->floor) : std::nullopt);
  if (!rows) return rows;
  const Position end = rows->empty() ? params.after : rows->back().event.position;
  if (!place) {
    if (!rows->empty()) {
      trail_.remember(end, {ReadTrail::floor_of(rows->back().event.received), end, steady_now()});
    }
    return rows;
  }
  ReadTrail::Place next = *place;
  if (!rows->empty()) next.floor = std::max(next.floor, ReadTrail::floor_of(rows->back().event.received));
  if (is_due || next.floor > place->floor) {
    // What a read without a floor gave was hidden from nobody.
    if (auto proved = check_nothing_behind(db, *place, is_due ? params.after : end); !proved) {
      trail_.forget_all();  // every floor may hide what this one hid
      return proved.error();
    }
    next.proved = end;
    next.proved_at = steady_now();
  }
  trail_.remember(end, next);
  return rows;
}

Result<void> OutboxReader::check_nothing_behind(Connection& db, const ReadTrail::Place& place, Position end) {
  Values values;
  add_position(values, place.proved);
  add_position(values, end).time(place.floor);
  VF_ASSIGN(const auto rows, db.query(kHidden, values));
  const int64_t hidden = rows.integer_at(0, 0);
  if (hidden == 0) return {};
  return internal(
      fmt::format("{} events lie behind the position {} and were never read: the database server's clock went back by "
                  "more than an hour. Set the consumer's cursor to {}, so that it reads them",
                  hidden, end.to_string(), place.proved.to_string()));
}

}  // namespace vf::store::postgres
