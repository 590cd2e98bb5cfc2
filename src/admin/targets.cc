// GET /admin/v1/targets, and a target's mode under /admin/v1/targets/{name}
#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "admin/target_list.h"
#include "api/body.h"
#include "api/query.h"

namespace vf::admin {
namespace {

using api::Right;
using nlohmann::json;

Result<json> list(const Hub& hub) {
  VF_ASSIGN(auto targets, list_targets(hub));
  return api::page("targets", std::move(targets), std::nullopt);
}

Result<json> mode_of(const Hub& hub, const std::string& target) {
  const auto statuses = hub.operations.target_statuses();
  const auto found = std::ranges::find(statuses, target, &fanout::Status::name);
  if (found == statuses.end()) return no_such_target(target, hub.operations.targets());
  return json{{"mode", fanout::to_string(found->mode)}};
}

/// Returns the mode that the body of a request orders.
Result<fanout::Mode> ordered(const api::Call& call) {
  VF_ASSIGN(const auto order, api::object_of(call));
  const auto mode =
      order.value("mode", json()).is_string() ? fanout::parse_mode(order["mode"].get<std::string>()) : std::nullopt;
  if (mode && *mode != fanout::Mode::detached && order.size() == 1) return *mode;
  return invalid(R"(the body is {"mode": "live" | "dry-run" | "paused"})");
}

}  // namespace

api::Routes targets_routes(const Hub& hub) {
  const auto mode = [hub](const api::Call& call) { return mode_of(hub, call.path[0]); };
  const auto order = [hub](const api::Call& call, api::Done done) {
    const auto wanted = ordered(call);
    if (!wanted) return done(wanted.error());
    hub.operations.set_mode(call.path[0], *wanted, api::completing(std::move(done)));
  };
  const auto pause = [hub](const api::Call& call, api::Done done) {
    hub.operations.set_mode(call.path[0], fanout::Mode::paused, api::completing(std::move(done)));
  };
  const auto dismiss = [hub](const api::Call& call, api::Done done) {
    hub.operations.dismiss(call.path[0], api::completing(std::move(done)));
  };
  const auto resume = [hub](const api::Call& call, api::Done done) {
    hub.operations.set_mode(call.path[0], std::nullopt, api::completing(std::move(done)));
  };
  return {
      {.method = "GET",
       .pattern = "/admin/v1/targets",
       .access = Right::read,
       .handler = api::Read{[hub](const api::Call&) { return list(hub); }}},
      {.method = "GET", .pattern = "/admin/v1/targets/{name}/mode", .access = Right::read, .handler = api::Read{mode}},
      {.method = "PUT",
       .pattern = "/admin/v1/targets/{name}/mode",
       .access = Right::operate,
       .handler = api::Change{.change = order, .state = mode}},
      {.method = "POST",
       .pattern = "/admin/v1/targets/{name}/pause",
       .access = Right::operate,
       .handler = api::Change{.change = pause, .state = mode}},
      {.method = "POST",
       .pattern = "/admin/v1/targets/{name}/dismiss",
       .access = Right::operate,
       .handler = api::Change{.change = dismiss}},
      {.method = "POST",
       .pattern = "/admin/v1/targets/{name}/resume",
       .access = Right::operate,
       .handler = api::Change{.change = resume, .state = mode}}};
}

}  // namespace vf::admin
