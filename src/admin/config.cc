#include "admin/config.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace vf::admin {

api::Routes config_routes(std::function<std::string()> in_force) {
  const auto read = [in_force = std::move(in_force)](const api::Call&) -> Result<nlohmann::json> {
    return nlohmann::json::parse(in_force());
  };
  return {{.method = "GET", .pattern = "/admin/v1/config", .access = api::Right::read, .handler = api::Read{read}}};
}

}  // namespace vf::admin
