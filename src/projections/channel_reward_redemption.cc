// channel.reward.redemption.updated → reward_redemptions: the redeemed reward and its status.
#include "event/identity.h"
#include "projections/body.h"

namespace vf::projections {
namespace {

// `pending` ranks below every other status, in whatever order the messages were sent. redeemed_at is the time of the
// redemption, not of the change of status, so the stamp has the time of the message.
store::Stamp status_stamp(const Cell& status, const Event& event) {
  const bool pending = status == Cell{store::Value{std::string("pending")}};
  return stamp_at(sent_at(event), event, pending ? 0 : 1);
}

}  // namespace

Result<std::vector<store::Row>> channel_reward_redemption(const Event& event) {
  Body body(event);
  const std::string id = body.text("/id");
  // The details do not change. Where redeemed_at is no time, their time is the one in the redemption's own ULID.
  const auto stated = body.optional_time("/redeemed_at");
  const Instant redeemed = stated ? *stated : time_inside(id).value_or(Instant{});
  const Cell status = body.text_cell("/status");
  RowDraft row(TableId::reward_redemptions, stamp_at(redeemed, event));
  row.set("redemption_id", id);
  row.set("channel_id", body.integer_cell("/broadcaster/user_id"));
  row.set("redeemer_id", body.integer_cell("/redeemer/user_id"));
  row.set("reward_id", body.text_cell("/reward/id"));
  row.set("reward_title", body.text_cell("/reward/title"));
  row.set("cost", body.integer_cell("/reward/cost"));
  row.set("redeemed_at", body.time_cell("/redeemed_at"));
  row.set("status", status, status_stamp(status, event));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
