// Targets: calls the environments behind the targets: asks what they did with an event, and operates their jobs.
#pragma once

#include <string>
#include <vector>

#include "admin/jobs.h"
#include "admin/operations.h"
#include "fanout/target.h"

namespace vf::app {

/// Sends GET <environment>/internal/events/<id>, signed as deliveries are, to each target whose URL ends in
/// /internal/events; other targets are not receivers of a hub. Blocks for a few seconds at most. A 404 decides whatever
/// follows it; a 200 that is cut (longer than 1 MiB, not complete after three seconds, its connection broken) leaves
/// the event's status unknown.
std::vector<admin::EnvironmentAnswer> ask_environments(const std::vector<fanout::Target>& targets, Uuid event_id,
                                                       Instant now);

/// Sends a call, signed as deliveries are, to the listener of the target that has the environment's name and whose URL
/// ends in /internal/events. Returns the JSON of its answer. Errors: those that it answers; `not_found`: there is no
/// such target; `unavailable`: it does not answer.
Result<std::string> call_environment(const std::vector<fanout::Target>& targets, const admin::EnvironmentCall& call,
                                     Instant now);

}  // namespace vf::app
