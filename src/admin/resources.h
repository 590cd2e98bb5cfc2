// Resources: the rows of the admin API's routes, one file a resource. Handlers may block on a store. openapi.json
// describes every route; tests/api_test.cc compares it with these tables. To add a resource: its file, a line here and
// in resources.cc, and its part of openapi.json.
#pragma once

#include "admin/hub.h"
#include "api/route.h"

namespace vf::admin {

api::Routes overview_routes(const Hub& hub);
api::Routes sources_routes(const Hub& hub);
api::Routes targets_routes(const Hub& hub);
api::Routes events_routes(const Hub& hub);
api::Routes dead_letters_routes(const Hub& hub);
api::Routes lake_routes(const Hub& hub);
api::Routes audit_routes(const Hub& hub);

/// Returns the rows of all resources of a hub.
api::Routes hub_routes(const Hub& hub);

}  // namespace vf::admin
