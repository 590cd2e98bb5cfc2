// /admin/v1/lake/proof: reconciliations of outbox and raw log that an operator starts
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "admin/views.h"
#include "api/query.h"

namespace vf::admin {
namespace {

using nlohmann::json;

Result<raw_log::ReconciliationRequest> request_of(const api::Call& call, Instant now) {
  VF_ASSIGN(const auto from, api::time_of(call, "from"));
  VF_ASSIGN(const auto to, api::time_of(call, "to"));
  VF_ASSIGN(const bool repair, api::flag_of(call, "repair"));
  return raw_log::ReconciliationRequest{from.value_or(Instant{}), to.value_or(now), repair};
}

}  // namespace

api::Routes lake_routes(const Hub& hub) {
  const auto status = [hub](const api::Call&) -> Result<json> {
    VF_ASSIGN(const auto last, hub.operations.reconciliation());
    return view(last);
  };
  const auto start = [hub](const api::Call& call, api::Done done) {
    const auto wanted = request_of(call, hub.clock.now());
    if (!wanted) return done(wanted.error());
    hub.operations.start_reconciliation(*wanted, call.caller, api::completing(std::move(done)));
  };
  return {
      {.method = "GET", .pattern = "/admin/v1/lake/proof", .access = api::Right::read, .handler = api::Read{status}},
      {.method = "POST",
       .pattern = "/admin/v1/lake/proof",
       .access = api::Right::operate,
       .parameters = {{"from", "to", "repair"}},
       .handler = api::Change{start}}};
}

}  // namespace vf::admin
