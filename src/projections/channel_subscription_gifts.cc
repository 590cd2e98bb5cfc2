// channel.subscription.gifts → gifted_subscriptions: one row per giftee. An anonymous gifter has id 0 and no name.
#include "projections/body.h"
#include "projections/registry.h"

namespace vf::projections {

Result<std::vector<store::Row>> channel_subscription_gifts(const Event& event) {
  Body body(event);
  const Instant created = body.time("/created_at");
  const int64_t channel = body.id("/broadcaster/user_id");
  const int64_t gifter = body.has("/gifter/user_id") ? body.integer("/gifter/user_id") : 0;
  const Cell gifter_name = body.text_cell("/gifter/username");
  const Cell expires = body.time_cell("/expires_at");
  const size_t giftees = body.length("/giftees");
  if (giftees > kRowsPerEventMax) {
    body.refuse("/giftees", "more than 1000");
    return body.finish({});
  }
  std::vector<store::Row> rows;
  rows.reserve(giftees);
  for (size_t i = 0; i < giftees; ++i) {
    const std::string giftee = "/giftees/" + std::to_string(i);
    RowDraft row(TableId::gifted_subscriptions, stamp_at(created, event));
    row.set("channel_id", channel).set("gifter_id", gifter).set("giftee_id", body.id(giftee + "/user_id"));
    row.set("created_at", cut_to_seconds(created));
    row.set("expires_at", expires).set("gifter_name", gifter_name);
    row.set("giftee_name", body.text_cell(giftee + "/username"));
    rows.push_back(std::move(row).take());
  }
  return body.finish(std::move(rows));
}

}  // namespace vf::projections
