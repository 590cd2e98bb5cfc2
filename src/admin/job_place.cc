#include "admin/job_place.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/body.h"
#include "api/query.h"
#include "jobs/views.h"

namespace vf::admin {
namespace {

using nlohmann::json;

/// Where a page of the list ends: the number of its last run.
struct RunCursor {
  int64_t number = 0;
  static std::optional<RunCursor> parse(std::string_view text) {
    RunCursor cursor;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor.number);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && cursor.number > 0;
    return whole ? std::optional(cursor) : std::nullopt;
  }
};

template <class Change>
api::Change change(Change change) {
  return {.change = [change](const api::Call& call, const api::Done& done) { done(change(call)); }};
}

}  // namespace

Result<json> list_jobs(const jobs::Jobs& place) {
  VF_ASSIGN(const auto statuses, place.list());
  return jobs::view(statuses);
}

Result<json> request_run(jobs::Jobs& place, const std::string& job, const api::Call& call) {
  VF_ASSIGN(const auto parameters, api::object_of(call));
  VF_ASSIGN(const auto id, place.request({.job = job, .parameters = parameters.dump(), .asked_by = call.caller}));
  return json{{"id", id.to_string()}, {"job", job}};
}

Result<json> list_runs(const jobs::Jobs& place, const api::Call& call, Instant now) {
  VF_ASSIGN(const size_t limit, api::limit_of(call));
  VF_ASSIGN(const auto after, api::after_of<RunCursor>(call));
  store::RunFilter filter{.job = api::text_of(call, "job"), .rows_max = limit + 1};  // one more: is there a next page?
  VF_ASSIGN(filter.asked_for, api::flag_of(call, "asked_for"));
  if (after) filter.before = after->number;
  VF_ASSIGN(auto found, place.runs(filter));
  std::optional<std::string> next;
  if (found.size() > limit) {
    found.resize(limit);
    next = std::to_string(found.back().number);
  }
  json shown = json::array();
  for (const auto& run : found) shown.push_back(jobs::view(run, now));
  return api::page("runs", std::move(shown), next);
}

Result<json> show_run(const jobs::Jobs& place, const std::string& id, Instant now) {
  VF_ASSIGN(const auto uuid, run_id_of(id));
  VF_ASSIGN(const auto run, place.find_run(uuid));
  if (!run) return no_such_run(id);
  return jobs::view(*run, now);
}

Result<json> stop_run(jobs::Jobs& place, const std::string& id) {
  VF_ASSIGN(const auto uuid, run_id_of(id));
  VF_ASSIGN(const auto run, place.find_run(uuid));
  if (!run) return no_such_run(id);
  VF_TRY(place.stop(uuid));
  return json{{"done", true}};
}

Result<Uuid> run_id_of(const std::string& text) {
  const auto id = Uuid::parse(text);
  if (!id) return invalid("a run's id is a UUID, as vf runs list shows it: " + text.substr(0, 64));
  return *id;
}

Error no_such_run(const std::string& id) {
  return not_found("there is no run " + id + "; vf runs list shows the runs");
}

api::Routes internal_jobs_routes(jobs::Jobs& jobs, const Clock& clock) {
  const auto list = [&jobs](const api::Call&) { return list_jobs(jobs); };
  const auto run = [&jobs](const api::Call& call) { return request_run(jobs, call.path[0], call); };
  const auto runs = [&jobs, &clock](const api::Call& call) { return list_runs(jobs, call, clock.now()); };
  const auto show = [&jobs, &clock](const api::Call& call) { return show_run(jobs, call.path[0], clock.now()); };
  const auto stop = [&jobs](const api::Call& call) { return stop_run(jobs, call.path[0]); };
  constexpr api::SignedCall kSigned;
  return {{.method = "GET", .pattern = "/internal/jobs", .access = kSigned, .handler = api::Read{list}},
          {.method = "POST", .pattern = "/internal/jobs/{name}/run", .access = kSigned, .handler = change(run)},
          {.method = "GET",
           .pattern = "/internal/runs",
           .access = kSigned,
           .parameters = {{std::begin(kRunParameters), std::end(kRunParameters)}},
           .handler = api::Read{runs}},
          {.method = "GET", .pattern = "/internal/runs/{id}", .access = kSigned, .handler = api::Read{show}},
          {.method = "POST", .pattern = "/internal/runs/{id}/stop", .access = kSigned, .handler = change(stop)}};
}

}  // namespace vf::admin
