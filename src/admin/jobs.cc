#include "admin/jobs.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/query.h"
#include "jobs/views.h"

namespace vf::admin {
namespace {

using api::Right;
using nlohmann::json;

std::string parameters_of(const api::Call& call) { return call.request.body.empty() ? "{}" : call.request.body; }

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

Result<json> request_run(jobs::Jobs& place, const std::string& name, const api::Call& call) {
  VF_ASSIGN(const auto id, place.request({.job = name, .parameters = parameters_of(call), .asked_by = call.caller}));
  return json{{"id", id.to_string()}, {"job", name}};
}

/// What the routes answer.
class JobsResource {
 public:
  explicit JobsResource(const JobPlaces& places) : places_(places) {}

  Result<json> list(const api::Call& call) const {
    if (const auto environment = api::text_of(call, "environment")) {
      auto* here = environment_here(*environment);
      if (here == nullptr) return forward({.environment = *environment, .method = "GET", .path = "/internal/jobs"});
      VF_ASSIGN(const auto statuses, here->list());
      return jobs::view(statuses);
    }
    std::vector<jobs::JobStatus> statuses;
    for (const auto* place : {places_.own, places_.process}) {
      if (place == nullptr) continue;
      VF_ASSIGN(auto some, place->list());
      std::ranges::move(some, std::back_inserter(statuses));
    }
    return jobs::view(statuses);
  }

  Result<json> run(const api::Call& call) const {
    const std::string& name = call.path[0];
    jobs::Jobs* place = places_.own;
    if (const auto environment = api::text_of(call, "environment")) {
      place = environment_here(*environment);
      if (place == nullptr) {
        return forward({.environment = *environment,
                        .method = "POST",
                        .path = "/internal/jobs/" + name + "/run",
                        .body = parameters_of(call)});
      }
    } else if (place == nullptr || (!place->has(name) && places_.process != nullptr && places_.process->has(name))) {
      place = places_.process;
    }
    if (place == nullptr) return not_found("this process has no jobs");
    return request_run(*place, name, call);
  }

  Result<json> runs(const api::Call& call) const {
    const jobs::Jobs* place = places_.own != nullptr ? places_.own : places_.process;
    if (const auto environment = api::text_of(call, "environment")) {
      place = environment_here(*environment);
      if (place == nullptr) {
        return not_found("the runs of the environment " + *environment + " are shown by its own processes");
      }
    }
    store::RunFilter filter;
    filter.job = api::text_of(call, "job");
    VF_ASSIGN(filter.asked_for, api::flag_of(call, "asked_for"));
    VF_ASSIGN(filter.rows_max, api::limit_of(call));
    VF_ASSIGN(const auto after, api::after_of<RunCursor>(call));
    if (after) filter.before = after->number;
    if (place == nullptr) return api::page("runs", json::array(), std::nullopt);
    VF_ASSIGN(const auto found, place->runs(filter));
    json shown = json::array();
    for (const auto& run : found) shown.push_back(jobs::view(run, places_.clock.now()));
    const bool full = found.size() == filter.rows_max;
    return api::page("runs", std::move(shown),
                     full ? std::optional(std::to_string(found.back().number)) : std::nullopt);
  }

  Result<json> show(const api::Call& call) const {
    VF_ASSIGN(const auto found, find(call.path[0]));
    return jobs::view(found.run, places_.clock.now());
  }

  Result<json> stop(const api::Call& call) const {
    VF_ASSIGN(const auto found, find(call.path[0]));
    VF_TRY(found.place->stop(found.run.id));
    return json{{"done", true}};
  }

 private:
  struct Found {
    jobs::Jobs* place;
    store::Run run;
  };

  jobs::Jobs* environment_here(const std::string& name) const {
    const auto here = places_.environments.find(name);
    return here == places_.environments.end() ? nullptr : here->second;
  }

  Result<json> forward(const EnvironmentCall& call) const {
    if (!places_.forward) return not_found("there is no environment " + call.environment + " in this process");
    VF_ASSIGN(const auto answered, places_.forward(call));
    auto parsed = json::parse(answered, nullptr, false);
    if (parsed.is_discarded()) return unavailable("the environment " + call.environment + " did not answer with JSON");
    return parsed;
  }

  // Returns the run, from one of the databases of this process, or of the process's own.
  Result<Found> find(const std::string& id) const {
    const auto uuid = Uuid::parse(id);
    if (!uuid) return invalid("a run's id is a UUID: " + id.substr(0, 64));
    std::vector<jobs::Jobs*> places{places_.own, places_.process};
    for (const auto& [name, place] : places_.environments) places.push_back(place);
    for (auto* place : places) {
      if (place == nullptr) continue;
      VF_ASSIGN(auto run, place->find_run(*uuid));
      if (run) return Found{place, std::move(*run)};
    }
    return not_found("there is no run " + id);
  }

  const JobPlaces places_;
};

template <class Change>
api::Change change(Change change) {
  return {.change = [change](const api::Call& call, const api::Done& done) { done(change(call)); }};
}

}  // namespace

api::Routes jobs_routes(const JobPlaces& places) {
  const auto resource = std::make_shared<const JobsResource>(places);
  const auto list = [resource](const api::Call& call) { return resource->list(call); };
  const auto run = [resource](const api::Call& call) { return resource->run(call); };
  const auto runs = [resource](const api::Call& call) { return resource->runs(call); };
  const auto show = [resource](const api::Call& call) { return resource->show(call); };
  const auto stop = [resource](const api::Call& call) { return resource->stop(call); };
  return {{.method = "GET",
           .pattern = "/admin/v1/jobs",
           .access = Right::read,
           .parameters = {{"environment"}},
           .handler = api::Read{list}},
          {.method = "POST",
           .pattern = "/admin/v1/jobs/{name}/run",
           .access = Right::operate,
           .parameters = {{"environment"}},
           .handler = change(run)},
          {.method = "GET",
           .pattern = "/admin/v1/runs",
           .access = Right::read,
           .parameters = {{"job", "asked_for", "environment", "after", "limit"}},
           .handler = api::Read{runs}},
          {.method = "GET", .pattern = "/admin/v1/runs/{id}", .access = Right::read, .handler = api::Read{show}},
          {.method = "POST", .pattern = "/admin/v1/runs/{id}/stop", .access = Right::operate, .handler = change(stop)}};
}

api::Routes internal_jobs_routes(jobs::Jobs& jobs) {
  const auto list = [&jobs](const api::Call&) -> Result<json> {
    VF_ASSIGN(const auto statuses, jobs.list());
    return jobs::view(statuses);
  };
  const auto run = [&jobs](const api::Call& call) { return request_run(jobs, call.path[0], call); };
  return {{.method = "GET", .pattern = "/internal/jobs", .access = api::Signed{}, .handler = api::Read{list}},
          {.method = "POST", .pattern = "/internal/jobs/{name}/run", .access = api::Signed{}, .handler = change(run)}};
}

}  // namespace vf::admin
