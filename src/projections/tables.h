// The projected tables of an environment, as data: columns, keys and how two values of a column merge.
// sql/env has the same tables as DDL (a test compares them); docs/projections.md explains each column.
// Constants, safe from any thread.
//
// Naming law: the columns that depend on which delivery of a fact arrived (its event id, its send time) are called
// event_id, *_event_id, message_id, received_at or updated_at, and no other column is. Every other column must have the
// same value when the provider sends the fact again later under another message id.
#pragma once

#include <span>

#include "store/table.h"

namespace vf::projections {

/// In the order of the tables' names, which is the order in which drivers write them.
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

/// All tables, in the order of TableId.
std::span<const store::Table> tables();
const store::Table& table(TableId id);

}  // namespace vf::projections
