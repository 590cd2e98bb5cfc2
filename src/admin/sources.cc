// GET /admin/v1/sources
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "admin/views.h"
#include "api/query.h"

namespace vf::admin {

api::Routes sources_routes(const Hub& hub) {
  const auto list = [hub](const api::Call&) -> Result<nlohmann::json> {
    return api::page("sources", views(hub.operations.sources()), std::nullopt);
  };
  return {{.method = "GET", .pattern = "/admin/v1/sources", .access = api::Right::read, .handler = api::Read{list}}};
}

}  // namespace vf::admin
