// Reads rows of ingest.ingest_outbox, and converts positions from and to their forms in the database. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "store/outbox_store.h"
#include "store/postgres/rows.h"
#include "store/postgres/values.h"

namespace vf::store::postgres {

/// The columns that read_event() expects, in its order; `o` is the alias of ingest_outbox.
#define VF_EVENT_COLUMNS                                                                                           \
  "o.era, o.tx, o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id, o.fact_key, " \
  "o.version, o.sandbox, o.fan_out, o.is_json, o.headers, o.body"

OutboxRow read_event(const Rows& rows, int row);

/// Reads a position from three adjacent columns: era, transaction and number.
Position position_at(const Rows& rows, int row, int first_column);
/// Reads a position from a column with its text form. Any other content of the column is a defect and ends the process.
Position position_text_at(const Rows& rows, int row, int column);

/// Adds three parameters: era, transaction (as int8: the statement must cast it `::text::xid8`) and number.
Values& add_position(Values& values, Position position);

/// Returns whether the position has the form of positions on PostgreSQL, or is Position{}, which is before every row.
bool is_ours(Position position);

}  // namespace vf::store::postgres
