#include "store/postgres/outbox/event_row.h"

#include <limits>

namespace vf::store::postgres {

OutboxRow read_event(const Rows& rows, int row) {
  OutboxRow out;
  Event& event = out.event;
  event.position = position_at(rows, row, 0);
  event.id = rows.uuid_at(row, 3);
  event.source = rows.text_at(row, 4);
  event.type = rows.text_at(row, 5);
  event.subject = rows.text_at(row, 6);
  event.time = rows.time_at(row, 7);
  event.received = rows.time_at(row, 8);
  event.message_id = rows.text_at(row, 9);
  event.fact_key = rows.text_at(row, 10);
  event.version = rows.text_at(row, 11);
  event.sandbox = rows.boolean_at(row, 12);
  out.fan_out = rows.boolean_at(row, 13);
  event.is_json = rows.boolean_at(row, 14);
  event.headers = rows.text_at(row, 15);
  event.body = rows.bytes_at(row, 16);
  return out;
}

Position position_at(const Rows& rows, int row, int first_column) {
  return {.era = static_cast<uint32_t>(rows.integer_at(row, first_column)),
          .tx = static_cast<uint64_t>(rows.integer_at(row, first_column + 1)),
          .seq = static_cast<uint64_t>(rows.integer_at(row, first_column + 2))};
}

Position position_text_at(const Rows& rows, int row, int column) {
  const auto position = Position::parse(rows.bytes_at(row, column));
  VF_INVARIANT(position.has_value());
  return *position;
}

Values& add_position(Values& values, Position position) {
  return values.integer(position.era)
      .integer(static_cast<int64_t>(position.tx))
      .integer(static_cast<int64_t>(position.seq));
}

bool is_ours(Position position) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (position == Position{}) return true;
  return position.era > 0 && position.era <= std::numeric_limits<int32_t>::max() && position.tx > 0 &&
         position.tx <= kMax && position.seq <= kMax;
}

}  // namespace vf::store::postgres
