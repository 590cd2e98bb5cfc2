// Rows of ingest_outbox: binding an event to the insert, and reading one back as it was.
// Functions over a Query; no state.
#pragma once

#include <string_view>

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Of an event that gets number `seq` at `received_at` (RFC 3339).
inline constexpr std::string_view kInsertEvent =
    "INSERT INTO ingest_outbox (seq, event_id, source, type, subject, time, received_at, message_id, fact_key, "
    "version, "
    "sandbox, fan_out, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

struct EventBinding {
  int64_t seq = 0;
  std::string_view event_id;  // canonical text
  std::string_view received_at;
};
void bind_event(Query& insert, const AddEvent& add, const EventBinding& binding);

/// The columns that read_event() expects, in its order.
#define VF_EVENT_COLUMNS                                                                                         \
  "o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id, o.fact_key, o.version, " \
  "o.sandbox, o.fan_out, o.headers, o.body"

OutboxRow read_event(const Query& query);

Position position_of(int64_t seq);

}  // namespace vf::store::sqlite
