// chat.message.sent → chat_activity: one row per channel, sender and UTC day. Messages themselves stay in the raw log.
// The hot path: nine events of ten are chat.
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> chat_message_sent(const Event& event) {
  Body body(event);
  // Bodies before July 2025 have no created_at. Their send time may give the day and the day's earliest message, but it
  // is not the message's own time, so it does not reach last_message_at.
  const auto created = body.optional_time("/created_at");
  const Instant at = created ? *created : sent_at(event);
  if (at == Instant{}) body.refuse_value("/created_at", "not a time");  // no time at all: there is no day for the key
  RowDraft row(TableId::chat_activity, stamp_at(at, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("sender_id", body.id("/sender/user_id"));
  row.set("day", to_rfc3339(at).substr(0, 10));
  row.set("first_message_at", at);
  if (created) row.set("last_message_at", at);
  row.set("sender_name", body.text_cell("/sender/username"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
