// The list of targets: each target's status with its backlog and what waits or is dead. Changes nothing; may block.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "admin/hub.h"

namespace vf::admin {

Result<nlohmann::json> list_targets(const Hub& hub);

/// Returns the error `not_found` of a target that is not configured. It names those that are.
Error no_such_target(const std::string& name, const std::vector<fanout::Target>& targets);

}  // namespace vf::admin
