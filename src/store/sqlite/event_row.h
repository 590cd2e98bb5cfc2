// Reads rows of ingest_outbox (transaction_writer.cc writes them). Functions on a Query; no state.
#pragma once

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// The columns that read_event() expects, in its order; `o` is the alias of ingest_outbox.
#define VF_EVENT_COLUMNS                                                                                         \
  "o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id, o.fact_key, o.version, " \
  "o.sandbox, o.fan_out, o.headers, o.body"

inline Position position_of(int64_t seq) { return {.seq = static_cast<uint64_t>(seq)}; }

inline OutboxRow read_event(const Query& query) {
  OutboxRow row;
  Event& event = row.event;
  event.position = position_of(query.integer_at(0));
  event.id = query.uuid_at(1);
  event.source = query.text_at(2);
  event.type = query.text_at(3);
  event.subject = query.text_at(4);
  event.time = query.time_at(5);
  event.received = query.time_at(6);
  event.message_id = query.text_at(7);
  event.fact_key = query.text_at(8);
  event.version = query.text_at(9);
  event.sandbox = query.integer_at(10) != 0;
  row.fan_out = query.integer_at(11) != 0;
  event.headers = query.text_at(12);
  event.is_json = query.is_text(13);
  event.body = query.text_at(13);
  return row;
}

}  // namespace vf::store::sqlite
