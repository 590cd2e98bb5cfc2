// Reading rows of ingest.ingest_outbox, and positions in the forms in which the database has them. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "store/outbox_store.h"
#include "store/postgres/rows.h"
#include "store/postgres/values.h"

namespace vf::store::postgres {

/// The columns that read_event() expects, in its order, of ingest_outbox as `o`.
#define VF_EVENT_COLUMNS                                                                                           \
  "o.era, o.tx, o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id, o.fact_key, " \
  "o.version, o.sandbox, o.fan_out, o.is_json, o.headers, o.body"

OutboxRow read_event(const Rows& rows, int row);

/// Era, transaction and number from three adjacent columns.
Position position_at(const Rows& rows, int row, int first_column);
/// A position from its text form; any other content of the column is a defect.
Position position_text_at(const Rows& rows, int row, int column);

/// Three parameters: era, transaction (as int8: cast it `::text::xid8`), number.
Values& add_position(Values& values, Position position);

/// Whether this database can have given such a position, by its form alone. Position{} is before every row.
bool is_ours(Position position);

}  // namespace vf::store::postgres
