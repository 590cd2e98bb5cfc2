// channel.followed → channel_followers: every user who ever followed (Kick sends no unfollow). The body has no time.
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> channel_followed(const Event& event) {
  Body body(event);
  const Instant at = sent_at(event);
  RowDraft row(TableId::channel_followers, stamp_at(at, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("follower_id", body.id("/follower/user_id"));
  if (at != Instant{}) row.set("first_seen_at", at).set("updated_at", at);
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
