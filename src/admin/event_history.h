// Event history: what happened to one event, read from the stores: when it was received and committed, whether it is in
// the raw log, what each target and each environment did with it. Changes nothing; may block.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "admin/hub.h"

namespace vf::admin {

/// Returns the history as the admin API's JSON. Error `not_found`: neither ledger, outbox nor raw log has the id.
Result<nlohmann::json> history_of(Uuid event_id, const Hub& hub);

}  // namespace vf::admin
