// GET /admin/v1/events and GET /admin/v1/events/{id}
#include <nlohmann/json.hpp>

#include "admin/event_history.h"
#include "admin/resources.h"
#include "admin/views.h"
#include "api/query.h"

namespace vf::admin {
namespace {

using nlohmann::json;

// A page ends early once its subjects and message ids, which providers choose, are longer than this.
constexpr size_t kPageBytes = 4u << 20;

Result<store::EventFilter> filter_of(const api::Call& call) {
  store::EventFilter filter;
  filter.source = api::text_of(call, "source");
  filter.type = api::text_of(call, "type");
  filter.subject = api::text_of(call, "subject");
  VF_ASSIGN(filter.from, api::time_of(call, "from"));
  VF_ASSIGN(filter.to, api::time_of(call, "to"));
  VF_ASSIGN(filter.rows_max, api::limit_of(call));
  // The newest come first, so the next page holds what is before this one's last.
  VF_ASSIGN(filter.before, api::after_of<Position>(call));
  return filter;
}

Result<json> search(const Hub& hub, const api::Call& call) {
  VF_ASSIGN(const auto filter, filter_of(call));
  VF_ASSIGN(const auto rows, hub.outbox.search(filter));
  json found = json::array();
  bool full = rows.size() == filter.rows_max;
  for (size_t bytes = 0; const auto& row : rows) {
    if (!found.empty() && bytes > kPageBytes) {
      full = true;
      break;
    }
    bytes += row.event.subject.size() + row.event.message_id.size();
    found.push_back(summary(row.event));
  }
  const auto next = full ? std::optional(rows[found.size() - 1].event.position.to_string()) : std::nullopt;
  return api::page("events", std::move(found), next);
}

}  // namespace

api::Routes events_routes(const Hub& hub) {
  const auto history = [hub](const api::Call& call, const api::Done& done) {
    const auto id = api::event_id_of(call.path[0]);
    if (!id) return done(id.error());
    history_of(*id, hub, done);
  };
  return {{.method = "GET",
           .pattern = "/admin/v1/events",
           .access = api::Right::read,
           .parameters = {{"source", "type", "subject", "from", "to", "after", "limit"}},
           .handler = api::Read{[hub](const api::Call& call) { return search(hub, call); }}},
          {.method = "GET",
           .pattern = "/admin/v1/events/{id}",
           .access = api::Right::read,
           .handler = api::AsyncRead{history}}};
}

}  // namespace vf::admin
