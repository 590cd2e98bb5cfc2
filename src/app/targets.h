// Targets: from configuration to what the fan-out takes, and asking a target's environment what it did with an event.
#pragma once

#include <vector>

#include "admin/api.h"
#include "config/config.h"
#include "fanout/dispatcher.h"
#include "fanout/target.h"

namespace vf::app {

fanout::Target make_target(const std::string& name, const config::Target& configured);
fanout::Tuning make_tuning(const config::Target& configured);

/// GET <environment>/internal/events/<id>, signed as deliveries are. Only for targets whose URL ends in
/// /internal/events: others are foreign receivers. Blocks, a few seconds at most.
std::vector<admin::EnvironmentAnswer> ask_environments(const std::vector<fanout::Target>& targets, Uuid event_id,
                                                       Instant now);

}  // namespace vf::app
