// The projected tables of an environment, as data: columns, keys and merge rules.
// sql/env has the same tables as DDL (a test compares them); docs/projections.md explains each column.
// Constants, safe from any thread.
//
// Naming law: the columns that depend on which delivery of a fact arrived (its event id, its send time) are called
// event_id, *_event_id, message_id, received_at or updated_at, and no other column is. Every other column must have the
// same value when the provider sends the fact again later under another message id.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "event/event.h"
#include "store/table.h"

namespace vf::projections {

/// The tables in the order of their names, which is the order in which drivers write them.
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

/// Returns all tables, in the order of TableId.
std::span<const store::Table> tables();
const store::Table& table(TableId id);

using Cell = std::optional<store::Value>;  // nullopt: the event does not mention the column

/// Builds one row of a projected table; each cell is set by the name of its column. Used by one thread. An unknown
/// column is a defect of the projector and ends the process: the projector's test finds it.
class RowDraft {
 public:
  /// Every group of the row has `stamp`, unless set() gives it another one.
  RowDraft(TableId id, const store::Stamp& stamp);
  RowDraft& set(std::string_view column, Cell cell);
  /// Also gives the group of the column a stamp of its own.
  RowDraft& set(std::string_view column, Cell cell, const store::Stamp& stamp);
  store::Row take() && { return std::move(row_); }

 private:
  size_t index_of(std::string_view column) const;
  store::Row row_;
};

/// Returns a stamp with this time and the event's id.
inline store::Stamp stamp_at(Instant at, const Event& event, int64_t rank = 0) { return {rank, at, event.id}; }

}  // namespace vf::projections
