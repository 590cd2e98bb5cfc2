// The projected tables of an environment, as data: columns, keys and how two values of a column merge.
// sql/env holds the same tables as DDL (a test compares them); docs/projections.md says what each column means.
// Constants, safe from any thread.
//
// Naming law: a column that depends on which delivery of a fact arrived (its event id, its send time) is called
// event_id, *_event_id, message_id, received_at or updated_at, and nothing else is. Every other column must come out
// the same when the provider tells the fact a second time under another message id, later.
#pragma once

#include <span>

#include "store/table.h"

namespace vf::projections {

/// In the order of their names, which is the order in which drivers write them.
enum class TableId : size_t {
  applicant_reviews,
  applicants,
  bans,
  channel_followers,
  channels,
  chat_activity,
  gifted_subscriptions,
  kicks_gifts,
  livestreams,
  reward_redemptions,
  subscriptions,
  viewer_samples,
  x_follower_samples,
};

/// All of them; table(id) is tables()[id].
std::span<const store::Table> tables();
const store::Table& table(TableId id);

}  // namespace vf::projections
