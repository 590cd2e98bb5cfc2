#include "admin/quarantine_place.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/query.h"
#include "receive/apply.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using store::Applied;
using store::QuarantinedEvent;
using store::QuarantinePlace;

constexpr size_t kReadMax = 1'000;   // rows that are read at once
constexpr size_t kScanMax = 10'000;  // rows that are read for one page: an environment has three seconds to answer

json view(const QuarantinedEvent& event) {
  return {{"id", event.event_id.to_string()},
          {"source", event.source},
          {"type", event.type},
          {"reason", event.reason},
          {"quarantined_at", to_rfc3339(event.quarantined_at)},
          {"attempted_at", to_rfc3339(event.attempted_at)},
          {"attempts", event.attempts}};
}

Error not_quarantined(const std::string& id) {
  return not_found("no event in quarantine has the id " + id + "; vf quarantine list shows those that are");
}

Result<QuarantinedEvent> find(const Quarantine& quarantine, const std::string& id) {
  VF_ASSIGN(const Uuid event_id, api::event_id_of(id));
  VF_ASSIGN(auto found, quarantine.store.find_quarantined(event_id));
  if (!found) return not_quarantined(id);
  return std::move(*found);
}

api::Change change(std::function<Result<json>(const std::string& id)> change) {
  return {.change = [change = std::move(change)](const api::Call& call, const api::Done& done) {
    done(change(call.path[0]));
  }};
}

}  // namespace

Result<json> list_quarantine(const Quarantine& quarantine, const api::Call& call) {
  store::QuarantineFilter filter{.type = api::text_of(call, "type"), .reason = api::text_of(call, "reason")};
  VF_ASSIGN(filter.before, api::time_of(call, "before"));
  VF_ASSIGN(const size_t limit, api::limit_of(call));
  VF_ASSIGN(const auto after, api::after_of<QuarantinePlace>(call));
  json found = json::array();
  auto at = after.value_or(QuarantinePlace{});
  for (size_t scanned = 0; scanned < kScanMax; scanned += kReadMax) {
    VF_ASSIGN(const auto rows, quarantine.store.quarantined_after(at, kReadMax));
    for (const auto& row : rows) {
      const bool matches = filter.matches(row);
      if (matches && found.size() == limit) return api::page("quarantine", std::move(found), at.to_string());
      if (matches) found.push_back(view(row));
      at = place_of(row);
    }
    if (rows.size() < kReadMax) return api::page("quarantine", std::move(found), std::nullopt);
  }
  return api::page("quarantine", std::move(found), at.to_string());
}

Result<json> show_quarantined(const Quarantine& quarantine, const std::string& id) {
  VF_ASSIGN(const auto event, find(quarantine, id));
  json shown = view(event);
  json envelope = json::parse(event.envelope, nullptr, false);
  shown["envelope"] = envelope.is_object() ? std::move(envelope) : json(event.envelope);
  return shown;
}

Result<json> retry_quarantined(const Quarantine& quarantine, const std::string& id) {
  VF_ASSIGN(const auto event, find(quarantine, id));
  VF_ASSIGN(const auto statuses, receive::retry_events(quarantine.store, {&event, 1}, quarantine.clock.now()));
  if (statuses.front() == Applied::duplicate) return not_quarantined(id);
  json outcome{{"id", event.event_id.to_string()}, {"status", store::to_string(statuses.front())}, {"reason", nullptr}};
  if (statuses.front() != Applied::quarantined) return outcome;
  VF_ASSIGN(const auto refused, quarantine.store.find_quarantined(event.event_id));
  outcome["reason"] = refused ? refused->reason : event.reason;
  return outcome;
}

Result<json> drop_quarantined(const Quarantine& quarantine, const std::string& id) {
  VF_ASSIGN(const Uuid event_id, api::event_id_of(id));
  VF_ASSIGN(const int64_t dropped, quarantine.store.drop_quarantined({&event_id, 1}));
  if (dropped == 0) return not_quarantined(id);
  return json{{"done", true}};
}

api::Routes internal_quarantine_routes(const Quarantine& quarantine) {
  const auto list = [quarantine](const api::Call& call) { return list_quarantine(quarantine, call); };
  const auto show = [quarantine](const api::Call& call) { return show_quarantined(quarantine, call.path[0]); };
  const auto retry = [quarantine](const std::string& id) { return retry_quarantined(quarantine, id); };
  const auto drop = [quarantine](const std::string& id) { return drop_quarantined(quarantine, id); };
  constexpr api::SignedCall kSigned;
  return {{.method = "GET",
           .pattern = "/internal/quarantine",
           .access = kSigned,
           .parameters = {{std::begin(kQuarantineParameters), std::end(kQuarantineParameters)}},
           .handler = api::Read{list}},
          {.method = "GET", .pattern = "/internal/quarantine/{id}", .access = kSigned, .handler = api::Read{show}},
          {.method = "POST", .pattern = "/internal/quarantine/{id}/retry", .access = kSigned, .handler = change(retry)},
          {.method = "DELETE", .pattern = "/internal/quarantine/{id}", .access = kSigned, .handler = change(drop)}};
}

}  // namespace vf::admin
