#include "admin/resources.h"

namespace vf::admin {

api::Routes hub_routes(const Hub& hub) {
  api::Routes routes;
  for (const auto rows : {overview_routes, sources_routes, targets_routes, events_routes, dead_letters_routes,
                          lake_routes, audit_routes}) {
    api::append(routes, rows(hub));
  }
  return routes;
}

}  // namespace vf::admin
