// channel.subscription.new and .renewal → subscriptions: one row per paid span.
#include "projections/body.h"

namespace vf::projections {
namespace {

Result<std::vector<store::Row>> subscription(const Event& event, const char* kind) {
  Body body(event);
  const Instant created = body.time("/created_at");
  RowDraft row(TableId::subscriptions, stamp_at(created, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("subscriber_id", body.id("/subscriber/user_id"));
  row.set("kind", std::string(kind));
  row.set("created_at", cut_to_seconds(created));
  row.set("duration", body.integer("/duration"));
  row.set("expires_at", body.time_cell("/expires_at"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace

Result<std::vector<store::Row>> channel_subscription_new(const Event& event) { return subscription(event, "new"); }
Result<std::vector<store::Row>> channel_subscription_renewal(const Event& event) {
  return subscription(event, "renewal");
}

}  // namespace vf::projections
