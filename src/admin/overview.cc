// GET /admin/v1/overview
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "admin/target_list.h"
#include "admin/views.h"

namespace vf::admin {
namespace {

using nlohmann::json;

Result<json> overview(const Hub& hub, SteadyTime started) {
  VF_ASSIGN(auto targets, list_targets(hub));
  const auto status = hub.operations.lake();
  json lake = view(status);
  if (status.cursor) {
    VF_ASSIGN(const auto backlog, hub.outbox.backlog(*status.cursor));
    lake["backlog"] = backlog.rows;
    lake["backlog_more"] = backlog.more;
  }
  return json{{"uptime_seconds", std::chrono::duration<double>(hub.clock.steady() - started).count()},
              {"sources", views(hub.operations.sources())},
              {"targets", std::move(targets)},
              {"lake", std::move(lake)}};
}

}  // namespace

api::Routes overview_routes(const Hub& hub) {
  const auto read = [hub, started = hub.clock.steady()](const api::Call&) { return overview(hub, started); };
  return {{.method = "GET", .pattern = "/admin/v1/overview", .access = api::Right::read, .handler = api::Read{read}}};
}

}  // namespace vf::admin
