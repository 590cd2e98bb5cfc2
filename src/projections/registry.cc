#include "projections/registry.h"

#include <algorithm>
#include <unordered_map>

#include "event/attributes.h"
#include "event/envelope.h"

// One line per event type: it declares and registers the projector, which a file of this folder defines.
#define VF_PROJECTORS(ROW)                                                 \
  ROW("kick.channel.followed", channel_followed)                           \
  ROW("kick.channel.reward.redemption.updated", channel_reward_redemption) \
  ROW("kick.channel.subscription.gifts", channel_subscription_gifts)       \
  ROW("kick.channel.subscription.new", channel_subscription_new)           \
  ROW("kick.channel.subscription.renewal", channel_subscription_renewal)   \
  ROW("kick.chat.message.sent", chat_message_sent)                         \
  ROW("kick.kicks.gifted", kicks_gifted)                                   \
  ROW("kick.livestream.metadata.updated", livestream_metadata_updated)     \
  ROW("kick.livestream.status.updated", livestream_status_updated)         \
  ROW("kick.moderation.banned", moderation_banned)                         \
  ROW("kick.viewers.sampled", viewers_sampled)                             \
  ROW("sumsub.applicantActivated", applicant_activated)                    \
  ROW("sumsub.applicantAwaitingService", applicant_updated)                \
  ROW("sumsub.applicantAwaitingUser", applicant_updated)                   \
  ROW("sumsub.applicantCreated", applicant_updated)                        \
  ROW("sumsub.applicantDeactivated", applicant_deactivated)                \
  ROW("sumsub.applicantDeleted", applicant_deleted)                        \
  ROW("sumsub.applicantLevelChanged", applicant_updated)                   \
  ROW("sumsub.applicantOnHold", applicant_updated)                         \
  ROW("sumsub.applicantPending", applicant_updated)                        \
  ROW("sumsub.applicantPersonalDataDeleted", applicant_cleared)            \
  ROW("sumsub.applicantPersonalInfoChanged", applicant_updated)            \
  ROW("sumsub.applicantPrechecked", applicant_updated)                     \
  ROW("sumsub.applicantReset", applicant_cleared)                          \
  ROW("sumsub.applicantReviewed", applicant_reviewed)                      \
  ROW("sumsub.applicantTagsChanged", applicant_updated)                    \
  ROW("sumsub.applicantWorkflowCompleted", applicant_reviewed)             \
  ROW("sumsub.applicantWorkflowFailed", applicant_updated)                 \
  ROW("x.followers.sampled", x_followers_sampled)

namespace vf::projections {

#define VF_DECLARE(type, function) Result<std::vector<store::Row>> function(const Event& event);
VF_PROJECTORS(VF_DECLARE)
#undef VF_DECLARE

namespace {

#define VF_REGISTER(type, function) {type, &function},
constexpr Registration kRegistry[] = {VF_PROJECTORS(VF_REGISTER)};
#undef VF_REGISTER

Projector find(std::string_view type) {
  static const auto by_type = [] {
    std::unordered_map<std::string_view, Projector> map;
    for (const auto& entry : kRegistry) map.emplace(entry.type, entry.project);
    return map;
  }();
  const auto found = by_type.find(type);
  return found == by_type.end() ? nullptr : found->second;
}

bool has_projectors(std::string_view source) {
  return std::ranges::any_of(kRegistry, [source](const Registration& entry) {
    return entry.type.starts_with(source) && entry.type.substr(source.size()).starts_with('.');
  });
}

void quarantine(store::Projection& out, const Event& event, std::string reason) {
  out.status = store::Applied::quarantined;
  out.reason = std::move(reason);
  append_envelope(out.envelope, event);
}

}  // namespace

std::span<const Registration> registry() { return kRegistry; }

store::Projection project(const Event& event) {
  store::Projection out;
  out.event_id = event.id;
  out.source = event.source;
  out.type = event.type;
  out.message_id = event.message_id;
  out.time = event.time;
  const Projector projector = find(event.type);
  if (projector == nullptr) {
    out.status = store::Applied::ignored;
    // The event may belong to a projector that its type does not name.
    if (is_unrecognised(event.source, event.type) && has_projectors(event.source)) {
      quarantine(out, event, "the body names no type, or contradicts its type header");
    }
    return out;
  }
  if (auto rows = projector(event)) {
    out.rows = std::move(*rows);
  } else {
    quarantine(out, event, rows.error().message);
  }
  return out;
}

}  // namespace vf::projections
