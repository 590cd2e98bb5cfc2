#include "admin/environment_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/uuid.h"

namespace vf::admin {
namespace {

using nlohmann::json;

bool is_text(const json& answer, const char* name) {
  const auto field = answer.find(name);
  return field != answer.end() && field->is_string();
}

bool is_id(const json& answer) { return is_text(answer, "id") && Uuid::parse(answer["id"].get<std::string>()); }

/// Returns whether `answer` is a page of a list: {"<name>": […], "next": text or null}.
bool is_page(const json& answer, const char* name, IsExpected is_item) {
  if (!answer.is_object() || !answer.contains(name) || !answer.contains("next")) return false;
  const json& next = answer["next"];
  return answer[name].is_array() && (next.is_string() || next.is_null()) && std::ranges::all_of(answer[name], is_item);
}

bool is_job(const json& job) {
  return job.is_object() && is_text(job, "name") && is_text(job, "schedule") && job.contains("last") &&
         (job["last"].is_object() || job["last"].is_null());
}

bool is_in_quarantine(const json& event) {
  return event.is_object() && is_id(event) && is_text(event, "type") && is_text(event, "reason");
}

}  // namespace

bool is_list_of_jobs(const json& answer) { return is_page(answer, "jobs", is_job); }
bool is_requested_run(const json& answer) { return answer.is_object() && is_id(answer) && is_text(answer, "job"); }
bool is_list_of_runs(const json& answer) { return is_page(answer, "runs", is_run); }
bool is_run(const json& answer) {
  return answer.is_object() && is_id(answer) && is_text(answer, "job") && is_text(answer, "state");
}
bool is_list_of_quarantined(const json& answer) { return is_page(answer, "quarantine", is_in_quarantine); }
bool is_quarantined_event(const json& answer) { return is_in_quarantine(answer) && answer.contains("envelope"); }
bool is_retried_event(const json& answer) { return answer.is_object() && is_id(answer) && is_text(answer, "status"); }
bool is_done(const json& answer) { return answer.is_object() && answer.value("done", json()) == true; }

Result<json> read_answer(const std::string& environment, const std::string& body, IsExpected is_expected) {
  auto answer = json::parse(body, nullptr, false);
  if (!answer.is_discarded() && is_expected(answer)) return answer;
  return unavailable(
      fmt::format("the environment {} answered 200, but not as an environment does: does targets.{}.url "
                  "lead to the listener of `vf api --env {}`, and to no other server?",
                  environment, environment, environment));
}

}  // namespace vf::admin
