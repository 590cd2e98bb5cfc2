// Event history: what happened to one event, read from the stores: when it was received and committed, whether it is in
// the raw log, what each target and each environment did with it. Changes nothing.
#pragma once

#include "admin/hub.h"
#include "api/route.h"

namespace vf::admin {

/// Gives the history as the admin API's JSON. May block on a store, and completes when the environments have answered.
/// Error `not_found`: neither ledger, outbox nor raw log has the id.
void history_of(Uuid event_id, const Hub& hub, const api::Done& done);

}  // namespace vf::admin
