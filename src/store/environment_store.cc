#include "store/environment_store.h"

namespace vf::store {

std::string_view to_string(Applied status) {
  switch (status) {
    case Applied::applied:
      return "applied";
    case Applied::duplicate:
      return "duplicate";
    case Applied::ignored:
      return "ignored";
    case Applied::quarantined:
      return "quarantined";
    case Applied::dropped:
      return "dropped";
  }
  return "applied";
}

Applied parse_applied(std::string_view name) {
  for (const Applied status : {Applied::ignored, Applied::quarantined, Applied::dropped}) {
    if (name == to_string(status)) return status;
  }
  return Applied::applied;
}

std::string QuarantinePlace::to_string() const { return to_rfc3339(quarantined_at) + "/" + event_id.to_string(); }

std::optional<QuarantinePlace> QuarantinePlace::parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto at = parse_time(text.substr(0, slash));
  const auto id = Uuid::parse(text.substr(slash + 1));
  return at && id ? std::optional(QuarantinePlace{*at, *id}) : std::nullopt;
}

bool QuarantineFilter::matches(const QuarantinedEvent& event) const {
  if (type && type->ends_with('*') && !event.type.starts_with(type->substr(0, type->size() - 1))) return false;
  if (type && !type->ends_with('*') && event.type != *type) return false;
  if (reason && !event.reason.contains(*reason)) return false;
  return !before || event.quarantined_at < *before;
}

}  // namespace vf::store
