// Targets: asks the environments behind the targets what they did with an event.
#pragma once

#include <vector>

#include "admin/operations.h"
#include "fanout/target.h"

namespace vf::app {

/// Sends GET <environment>/internal/events/<id>, signed as deliveries are, to each target whose URL ends in
/// /internal/events; other targets are not receivers of a hub. Blocks for a few seconds at most. A 404 decides whatever
/// follows it; a 200 that is cut (longer than 1 MiB, not complete after three seconds, its connection broken) leaves
/// the event's status unknown.
std::vector<admin::EnvironmentAnswer> ask_environments(const std::vector<fanout::Target>& targets, Uuid event_id,
                                                       Instant now);

}  // namespace vf::app
