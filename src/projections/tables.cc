#include "projections/tables.h"

#include <algorithm>
#include <iterator>

#include "base/result.h"

namespace vf::projections {
namespace {

using store::Column;
using store::Group;
using enum store::ColumnType;
using store::Merge;

constexpr Column key(std::string_view name, store::ColumnType type) { return {name, type, Merge::key}; }
constexpr Column first(std::string_view name, store::ColumnType type) { return {name, type, Merge::first}; }
constexpr Column last(std::string_view name, store::ColumnType type, uint8_t group = 0) {
  return {name, type, Merge::last, group};
}
constexpr Column rank(std::string_view name, store::ColumnType type, uint8_t group) {
  return {name, type, Merge::rank, group};
}
constexpr Column earliest(std::string_view name) { return {name, time, Merge::min}; }
constexpr Column latest(std::string_view name) { return {name, time, Merge::max}; }

// Most tables have one group; its stamp then has the plain names.
constexpr Group kOneGroup[] = {{"", "updated_at", "event_id"}};

// Each outcome has the time of its newest review instead of one `last` answer: an event id must not decide between two
// outcomes at the same time. The view verified_applicants reads these columns.
constexpr Column kApplicantReviews[] = {
    key("sandbox", boolean),     key("applicant_id", text),   key("level", text),
    latest("told_at"),           latest("green_at"),          latest("not_green_at"),
    last("review_answer", text), last("reject_labels", text), last("reject_type", text),
};
constexpr Group kApplicantReviewsGroups[] = {{"", "reviewed_at", "reviewed_event_id"}};

constexpr Column kApplicants[] = {
    key("sandbox", boolean), key("applicant_id", text), last("external_user_id", text, 0),
    last("status", text, 1), last("level", text, 2),    last("active", boolean, 3),
    latest("deleted_at"),    latest("cleared_at"),
};
constexpr Group kApplicantsGroups[] = {
    {"", "external_user_at", "external_user_event_id"},
    {"", "status_at", "status_event_id"},
    {"", "level_at", "level_event_id"},
    {"", "active_at", "active_event_id"},
};

constexpr Column kBans[] = {
    key("channel_id", integer), key("user_id", integer), key("created_at", time),
    first("expires_at", time),  first("reason", text),   first("moderator_id", integer),
};

constexpr Column kChannelFollowers[] = {
    key("channel_id", integer),
    key("follower_id", integer),
    earliest("first_seen_at"),
    latest("updated_at"),
};

constexpr Column kChannels[] = {
    key("channel_id", integer),   last("slug", text),          last("title", text),
    last("category_id", integer), last("category_name", text), last("language", text),
};

constexpr Column kChatActivity[] = {
    key("channel_id", integer),   key("sender_id", integer), key("day", text),
    earliest("first_message_at"), latest("last_message_at"), last("sender_name", text),
};

constexpr Column kGiftedSubscriptions[] = {
    key("channel_id", integer), key("gifter_id", integer),  key("giftee_id", integer),  key("created_at", time),
    first("expires_at", time),  first("gifter_name", text), first("giftee_name", text),
};

constexpr Column kKicksGifts[] = {
    key("channel_id", integer), key("sender_id", integer),
    key("created_at", time),    key("type", text),
    key("amount", integer),     first("name", text),
    first("tier", text),        first("message", text),
    first("sender_name", text), first("pinned_seconds", integer),
};

constexpr Column kLivestreams[] = {
    key("channel_id", integer), key("started_at", time), last("title", text, 0),
    rank("ended_at", time, 1),  latest("seen_live_at"),
};
constexpr Group kLivestreamsGroups[] = {
    {"", "title_at", "title_event_id"},
    {"ended_rank", "ended_told_at", "ended_event_id"},
};

constexpr Column kRewardRedemptions[] = {
    key("redemption_id", text),  first("channel_id", integer), first("redeemer_id", integer), first("reward_id", text),
    first("reward_title", text), first("cost", integer),       first("redeemed_at", time),    rank("status", text, 1),
};
constexpr Group kRewardRedemptionsGroups[] = {
    {"", "details_at", "details_event_id"},
    {"status_rank", "updated_at", "event_id"},
};

constexpr Column kSubscriptions[] = {
    key("channel_id", integer), key("subscriber_id", integer), key("kind", text),
    key("created_at", time),    key("duration", integer),      latest("expires_at"),
};

constexpr Column kViewerSamples[] = {
    key("channel_id", integer),       key("minute", time),
    first("viewer_count", integer),   first("live", boolean),
    first("stream_started_at", time), first("category_id", integer),
    first("category_name", text),     first("language", text),
};
constexpr Group kSampledGroup[] = {{"", "sampled_at", "event_id"}};

constexpr Column kXFollowerSamples[] = {
    key("user_id", text),
    key("minute", time),
    first("username", text),
    first("followers_count", integer),
};

constexpr store::Table kTables[] = {
    {"applicant_reviews", kApplicantReviews, kApplicantReviewsGroups},
    {"applicants", kApplicants, kApplicantsGroups},
    {"bans", kBans, kOneGroup},
    {"channel_followers", kChannelFollowers, {}},
    {"channels", kChannels, kOneGroup},
    {"chat_activity", kChatActivity, kOneGroup},
    {"gifted_subscriptions", kGiftedSubscriptions, kOneGroup},
    {"kicks_gifts", kKicksGifts, kOneGroup},
    {"livestreams", kLivestreams, kLivestreamsGroups},
    {"reward_redemptions", kRewardRedemptions, kRewardRedemptionsGroups},
    {"subscriptions", kSubscriptions, {}},
    {"viewer_samples", kViewerSamples, kSampledGroup},
    {"x_follower_samples", kXFollowerSamples, kSampledGroup},
};
static_assert(std::size(kTables) == static_cast<size_t>(TableId::x_follower_samples) + 1, "a table per TableId");
static_assert(std::ranges::is_sorted(kTables, {}, &store::Table::name));

}  // namespace

std::span<const store::Table> tables() { return kTables; }
const store::Table& table(TableId id) { return kTables[static_cast<size_t>(id)]; }

RowDraft::RowDraft(TableId id, const store::Stamp& stamp) {
  row_.table = &table(id);
  row_.cells.resize(row_.table->columns.size());
  row_.stamps.assign(row_.table->groups.size(), stamp);
}

RowDraft& RowDraft::set(std::string_view column, Cell cell) {
  row_.cells[index_of(column)] = std::move(cell);
  return *this;
}

RowDraft& RowDraft::set(std::string_view column, Cell cell, const store::Stamp& stamp) {
  const size_t index = index_of(column);
  row_.cells[index] = std::move(cell);
  row_.stamps[row_.table->columns[index].group] = stamp;
  return *this;
}

size_t RowDraft::index_of(std::string_view column) const {
  const auto columns = row_.table->columns;
  size_t index = 0;
  while (index < columns.size() && columns[index].name != column) ++index;
  VF_INVARIANT(index < columns.size());
  return index;
}

}  // namespace vf::projections
