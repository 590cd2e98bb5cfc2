// Views: domain values as the admin API's JSON. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "admin/api.h"

namespace vf::admin {

nlohmann::json view(const intake::SourceCounts& source);
nlohmann::json view(const LakeStatus& lake);
nlohmann::json view(const raw_log::ReconciliationStatus& status);
nlohmann::json view(const EnvironmentAnswer& answer);
nlohmann::json view(const store::PutDelivery& delivery);
nlohmann::json view(const store::AddAudit& entry);

/// Without the body: a row of a list.
nlohmann::json summary(const Event& event);
/// With `data` or `data_base64`, and the headers that hold its signature.
nlohmann::json whole(const Event& event);

nlohmann::json view_target(const fanout::Status& status, const fanout::Target& configured, Instant now);

}  // namespace vf::admin
