// moderation.banned → bans: every ban and time-out received. The latest is the current one (Kick sends no unban).
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> moderation_banned(const Event& event) {
  Body body(event);
  const Instant created = body.time("/metadata/created_at");
  RowDraft row(TableId::bans, stamp_at(created, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("user_id", body.id("/banned_user/user_id"));
  row.set("created_at", cut_to_seconds(created));
  row.set("expires_at", body.time_cell("/metadata/expires_at"));
  row.set("reason", body.text_cell("/metadata/reason"));
  row.set("moderator_id", body.integer_cell("/moderator/user_id"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
