// Targets: asks their environments what they did with an event.
#pragma once

#include <vector>

#include "admin/api.h"
#include "fanout/target.h"

namespace vf::app {

/// GET <environment>/internal/events/<id>, signed as deliveries are. Only for targets whose URL ends in
/// /internal/events: others are foreign receivers. Blocks, a few seconds at most.
std::vector<admin::EnvironmentAnswer> ask_environments(const std::vector<fanout::Target>& targets, Uuid event_id,
                                                       Instant now);

}  // namespace vf::app
