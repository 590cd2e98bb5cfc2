#include "admin/audit.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "admin/views.h"
#include "api/query.h"

namespace vf::admin {
namespace {

using nlohmann::json;

/// Where a page of the audit log ends: the number of its last entry.
struct AuditCursor {
  int64_t number = 0;
  static std::optional<AuditCursor> parse(std::string_view text) {
    AuditCursor cursor;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor.number);
    if (error != std::errc{} || end != text.data() + text.size() || cursor.number < 1) return std::nullopt;
    return cursor;
  }
};

Result<json> list(const Hub& hub, const api::Call& call) {
  VF_ASSIGN(const size_t limit, api::limit_of(call));
  VF_ASSIGN(const auto after, api::after_of<AuditCursor>(call));
  store::AuditFilter filter{.before = std::nullopt,
                            .rows_max = limit + 1};  // one more says whether there is a next page
  if (after) filter.before = after->number;
  VF_ASSIGN(auto rows, hub.outbox.audit(filter));
  std::optional<std::string> next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = std::to_string(rows.back().number);
  }
  json entries = json::array();
  for (const auto& row : rows) entries.push_back(view(row.entry));
  return api::page("audit", std::move(entries), next);
}

}  // namespace

void StoredAudit::add(const api::Call& call, const std::string& outcome) {
  store::AddAudit entry{.at = clock_.now(), .actor = call.caller, .action = api::action_of(call), .detail = outcome};
  writer_.write(std::move(entry), [](const auto&) {});
}

void LoggedAudit::add(const api::Call& call, const std::string& outcome) {
  log_.info("a caller of the admin API changed something",
            {{"actor", call.caller}, {"action", api::action_of(call)}, {"outcome", outcome}});
}

api::Routes audit_routes(const Hub& hub) {
  return {{.method = "GET",
           .pattern = "/admin/v1/audit",
           .access = api::Right::read,
           .parameters = {{"after", "limit"}},
           .handler = api::Read{[hub](const api::Call& call) { return list(hub, call); }}}};
}

}  // namespace vf::admin
