// Reading rows of ingest_outbox (transaction_writer.cc writes them). Functions over a Query; no state.
#pragma once

#include "store/outbox_store.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// The columns that read_event() expects, in its order.
#define VF_EVENT_COLUMNS                                                                                         \
  "o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id, o.fact_key, o.version, " \
  "o.sandbox, o.fan_out, o.headers, o.body"

OutboxRow read_event(const Query& query);

Position position_of(int64_t seq);

}  // namespace vf::store::sqlite
