// The history of one event, built from the stores: received, committed, in the raw log, delivered to each target,
// applied by each environment. Reads only; may block.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "admin/api.h"

namespace vf::admin {

/// not_found: neither ledger, outbox nor raw log has the id.
Result<nlohmann::json> history_of(Uuid event_id, const Hub& hub);

}  // namespace vf::admin
