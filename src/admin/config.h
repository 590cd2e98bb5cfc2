// GET /admin/v1/config: the configuration in force in this process, which every role serves.
#pragma once

#include <functional>
#include <string>

#include "api/route.h"

namespace vf::admin {

/// `in_force` returns the answer as JSON, with secrets hidden (openapi.json says its form). Any thread may call it.
api::Routes config_routes(std::function<std::string()> in_force);

}  // namespace vf::admin
