// kicks.gifted → kicks_gifts: one row per gift. A gift has no id, so its millisecond, type and amount identify it.
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> kicks_gifted(const Event& event) {
  Body body(event);
  const Instant created = body.time("/created_at");
  RowDraft row(TableId::kicks_gifts, stamp_at(created, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("sender_id", body.id("/sender/user_id"));
  row.set("created_at", created);
  row.set("type", body.text("/gift/type"));
  row.set("amount", body.integer("/gift/amount"));
  row.set("name", body.text_cell("/gift/name"));
  row.set("tier", body.text_cell("/gift/tier"));
  row.set("message", body.text_cell("/gift/message"));
  row.set("sender_name", body.text_cell("/sender/username"));
  row.set("pinned_seconds", body.integer_cell("/gift/pinned_time_seconds"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
