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

std::optional<ReadTrail::Place> ReadTrail::find(Position position) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(position);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

void ReadTrail::remember(Position position, const Place& place) {
  const std::lock_guard lock(mutex_);
  if (places_.insert_or_assign(position, place).second) order_.push_back(position);
  while (order_.size() > kPlacesMax) {
    places_.erase(order_.front());
    order_.pop_front();
  }
}

void ReadTrail::clear() {
  const std::lock_guard lock(mutex_);
  places_.clear();
  order_.clear();
}

Instant ReadTrail::floor_of(Instant received) {
  return std::chrono::floor<std::chrono::days>(received - std::chrono::hours{1});
}

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
  const bool is_due = place && steady_now() - place->checked_at >= check_every_;
  VF_ASSIGN(auto rows, fetch(db, params, place && !is_due ? std::optional(place->floor) : std::nullopt));
  const Position end = rows.empty() ? params.after : rows.back().event.position;
  if (!place) {
    if (!rows.empty()) {
      const Instant floor = ReadTrail::floor_of(rows.back().event.received);
      trail_.remember(end, {.floor = floor, .checked_to = end, .checked_at = steady_now()});
    }
    return rows;
  }
  ReadTrail::Place next = *place;
  if (!rows.empty()) next.floor = std::max(next.floor, ReadTrail::floor_of(rows.back().event.received));
  if (is_due || next.floor > place->floor) {
    // A read without a floor leaves out no row, so if this read had none, the check ends where it began.
    if (auto checked = check_nothing_hidden(db, *place, is_due ? params.after : end); !checked) {
      trail_.clear();  // the floors of other positions may hide the same rows
      return checked.error();
    }
    next.checked_to = end;
    next.checked_at = steady_now();
  }
  trail_.remember(end, next);
  return rows;
}

Result<void> OutboxReader::check_nothing_hidden(Connection& db, const ReadTrail::Place& place, Position end) {
  Values values;
  add_position(values, place.checked_to);
  add_position(values, end).time(place.floor);
  VF_ASSIGN(const auto rows, db.query(kHidden, values));
  const int64_t hidden = rows.integer_at(0, 0);
  if (hidden == 0) return {};
  return internal(
      fmt::format("{} events before position {} were never read: the database server's clock was set back by more than "
                  "an hour. Move the consumer's cursor to {} to read them",
                  hidden, end.to_string(), place.checked_to.to_string()));
}

}  // namespace vf::store::postgres
