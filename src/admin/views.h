// Views: turns domain values into the admin API's JSON. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "admin/operations.h"
#include "event/event.h"
#include "store/outbox_store.h"

namespace vf::admin {

nlohmann::json view(const intake::SourceCounts& source);
nlohmann::json views(const std::vector<intake::SourceCounts>& sources);
nlohmann::json view(const LakeStatus& lake);
nlohmann::json view(const raw_log::ReconciliationStatus& status);
nlohmann::json view(const EnvironmentAnswer& answer);
nlohmann::json view(const store::PutDelivery& delivery);
nlohmann::json view(const store::AddAudit& entry);

/// Returns the event without its body, as an entry of a list.
nlohmann::json summary(const Event& event);
/// Returns the whole event, with `data` or `data_base64` and the headers that hold the provider's signature.
nlohmann::json whole(const Event& event);

/// {backlog, backlog_more, oldest_seconds}, which are members of a target.
nlohmann::json view(const store::Backlog& backlog, Instant now);
/// Returns a target that is no longer configured, with the members of a configured one.
nlohmann::json view(const fanout::LeftTarget& left, Instant now);
nlohmann::json view_target(const fanout::Status& status, const fanout::Target& configured, Instant now);

}  // namespace vf::admin
