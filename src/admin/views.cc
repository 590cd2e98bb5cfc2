#include "admin/views.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace vf::admin {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<Instant>& t) { return t ? json(to_rfc3339(*t)) : json(nullptr); }
json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }
double seconds(Millis ms) { return static_cast<double>(ms.count()) / 1000.0; }

}  // namespace

json view(const intake::SourceCounts& source) {
  return {{"name", source.name},         {"mode", source.fan_out ? "live" : "dry-run"},
          {"accepted", source.accepted}, {"duplicates", source.duplicates},
          {"refused", source.refused},   {"unavailable", source.unavailable}};
}

json views(const std::vector<intake::SourceCounts>& sources) {
  json rows = json::array();
  for (const auto& source : sources) rows.push_back(view(source));
  return rows;
}

json view(const LakeStatus& lake) {
  return {{"driver", lake.driver},
          {"state", lake.state},
          {"rows_inserted", lake.rows_inserted},
          {"last_error", text_or_null(lake.last_error)},
          {"cursor", lake.cursor ? json(lake.cursor->to_string()) : json(nullptr)}};
}

json view(const raw_log::ReconciliationStatus& status) {
  json hours = json::array();
  for (const auto& line : status.lines) {
    hours.push_back({{"hour", to_rfc3339(line.hour)},
                     {"source", line.source},
                     {"outbox", line.outbox},
                     {"lake", line.lake},
                     {"missing", line.missing},
                     {"dead_letters", line.dead_letters},
                     {"repeated", line.repeated},
                     {"unknown", line.unknown}});
  }
  return {{"state", status.state},       {"error", status.error},         {"from", to_rfc3339(status.from)},
          {"to", to_rfc3339(status.to)}, {"rows_read", status.rows_read}, {"difference", status.difference},
          {"repaired", status.repaired}, {"hours", std::move(hours)}};
}

json view(const EnvironmentAnswer& answer) {
  return {{"name", answer.name},
          {"status", answer.status},
          {"at", time_or_null(answer.at)},
          {"reason", text_or_null(answer.reason)}};
}

json view(const store::PutDelivery& delivery) {
  const bool dead = delivery.state == store::PutDelivery::State::dead;
  return {{"target", delivery.target},
          {"event_id", delivery.event_id.to_string()},
          {"state", dead ? "dead" : "retry"},
          {"attempts", delivery.attempts},
          {"next_attempt_at", dead ? json(nullptr) : json(to_rfc3339(delivery.next_attempt_at))},
          {"reason", delivery.reason}};
}

json view(const store::AddAudit& entry) {
  return {{"at", to_rfc3339(entry.at)}, {"actor", entry.actor}, {"action", entry.action}, {"detail", entry.detail}};
}

json summary(const Event& event) {
  json result = {{"id", event.id.to_string()},
                 {"source", event.source},
                 {"type", event.type},
                 {"subject", text_or_null(event.subject)},
                 {"time", to_rfc3339(event.time)},
                 {"messageid", event.message_id},
                 {"receivedtime", to_rfc3339(event.received)},
                 {"sequence", event.position.to_string()}};
  if (event.sandbox) result["sandbox"] = true;
  return result;
}

json whole(const Event& event) {
  json result = summary(event);
  result["factkey"] = event.fact_key;
  result["headers"] = json::parse(event.headers, nullptr, false);
  json data = event.is_json ? json::parse(event.body, nullptr, false) : json(json::value_t::discarded);
  if (data.is_discarded()) {
    result["data_base64"] = to_base64(event.body);
  } else {
    result["data"] = std::move(data);
  }
  return result;
}

json view(const fanout::LeftTarget& left, Instant now) {
  fanout::Status status;
  status.name = left.name;
  status.alarm = left.alarm;
  if (left.cursor) status.cursor = *left.cursor;
  json row = view_target(status, fanout::Target{}, now);
  row["url"] = row["mode"] = row["configured_mode"] = nullptr;
  row["state"] = "unconfigured";
  row["waiting"] = left.waiting;
  row["dead"] = left.dead;
  row.update(view(left.backlog, now));
  return row;
}

json view(const store::Backlog& backlog, Instant now) {
  return {{"backlog", backlog.rows},
          {"backlog_more", backlog.more},
          {"oldest_seconds", backlog.oldest ? json(seconds(now - *backlog.oldest)) : json(nullptr)}};
}

json view_target(const fanout::Status& status, const fanout::Target& configured, Instant now) {
  return {{"name", status.name},
          {"url", configured.url.shown()},
          {"mode", fanout::to_string(status.mode)},
          {"configured_mode", fanout::to_string(configured.mode)},
          {"state", fanout::to_string(status.state)},
          {"alarm", text_or_null(status.alarm)},
          {"worked_by", text_or_null(status.worked_by)},
          {"cursor", status.cursor.to_string()},
          {"in_flight", status.in_flight},
          {"delivered", status.delivered},
          {"skipped", status.skipped},
          {"retried", status.retried},
          {"quarantined", status.quarantined},
          {"requests", status.requests},
          {"failed_requests", status.failed},
          {"last_error", text_or_null(status.last_error)},
          {"last_error_at", time_or_null(status.last_error_at)},
          {"last_success_at", time_or_null(status.last_success_at)},
          {"next_attempt_in_seconds",
           status.next_attempt_at ? json(seconds(std::max(*status.next_attempt_at - now, Millis{0}))) : json(nullptr)},
          {"lag_seconds", seconds(status.lag)}};
}

}  // namespace vf::admin
