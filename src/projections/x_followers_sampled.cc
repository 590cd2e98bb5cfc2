// followers.sampled of X (our poll) → x_follower_samples: the trend of a profile's followers.
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> x_followers_sampled(const Event& event) {
  Body body(event);
  const Instant sampled = body.time("/sampled_at");
  RowDraft row(TableId::x_follower_samples, stamp_at(sampled, event));
  row.set("user_id", body.text("/user_id"));
  row.set("minute", cut_to_minutes(sampled));
  row.set("username", body.text_cell("/username"));
  row.set("followers_count", body.integer_cell("/followers_count"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
