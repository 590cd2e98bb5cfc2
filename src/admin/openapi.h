// openapi.json, the description of the admin API, as it holds for one listener.
#pragma once

#include "api/route.h"

namespace vf::admin {

/// Returns the row of GET /admin/v1/openapi.json. It answers with the part of the description that `routes` serve; its
/// own row is added to them.
api::Route openapi_route(const api::Routes& routes);

}  // namespace vf::admin
