// The list of targets: each target's status with its backlog and what waits or is dead. Changes nothing; may block.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "admin/hub.h"

namespace vf::admin {

Result<nlohmann::json> list_targets(const Hub& hub);

}  // namespace vf::admin
