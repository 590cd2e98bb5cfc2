#include "admin/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "admin/job_place.h"
#include "api/body.h"
#include "api/query.h"
#include "jobs/views.h"

namespace vf::admin {
namespace {

using api::Right;
using nlohmann::json;

bool is_job_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// What the routes answer.
class JobsResource {
 public:
  explicit JobsResource(const JobPlaces& places) : places_(places) {}

  void list(const api::Call& call, const api::Done& done) const {
    if (const auto environment = api::text_of(call, "environment")) {
      if (auto* here = environment_here(*environment)) return done(list_jobs(*here));
      return forward({.environment = *environment, .method = "GET", .path = "/internal/jobs"}, is_list_of_jobs, done);
    }
    done(list_here());
  }

  void run(const api::Call& call, const api::Done& done) const {
    if (const auto environment = api::text_of(call, "environment")) {
      if (auto* here = environment_here(*environment)) return done(request_run(*here, call.path[0], call));
      return run_elsewhere(*environment, call, done);
    }
    for (auto* place : {places_.own, places_.process}) {
      if (place != nullptr && place->has(call.path[0])) return done(request_run(*place, call.path[0], call));
    }
    done(no_such_job(call.path[0]));
  }

  void runs(const api::Call& call, const api::Done& done) const {
    if (const auto environment = api::text_of(call, "environment")) {
      if (auto* here = environment_here(*environment)) return done(list_runs(*here, call, places_.clock.now()));
      EnvironmentCall wanted{
          .environment = *environment, .method = "GET", .path = "/internal/runs" + query_of(call, kRunParameters)};
      return forward(std::move(wanted), is_list_of_runs, done);
    }
    const auto* place = place_of_runs(call);
    if (place == nullptr) return done(api::page("runs", json::array(), std::nullopt));
    done(list_runs(*place, call, places_.clock.now()));
  }

  void show(const api::Call& call, const api::Done& done) const {
    const auto at_place = [this, &call](const jobs::Jobs& place) {
      return show_run(place, call.path[0], places_.clock.now());
    };
    on_run(call, {.method = "GET", .path = "", .is_expected = is_run}, at_place, done);
  }

  void stop(const api::Call& call, const api::Done& done) const {
    const auto at_place = [&call](jobs::Jobs& place) { return stop_run(place, call.path[0]); };
    on_run(call, {.method = "POST", .path = "/stop", .is_expected = is_done}, at_place, done);
  }

 private:
  /// A call about one run, for an environment's listener; the path is what follows the run's id.
  struct RunCall {
    std::string method, path;
    IsExpected is_expected;
  };

  jobs::Jobs* environment_here(const std::string& name) const {
    const auto here = places_.environments.find(name);
    return here == places_.environments.end() ? nullptr : here->second;
  }

  Result<json> list_here() const {
    std::vector<jobs::JobStatus> statuses;
    for (const auto* place : {places_.own, places_.process}) {
      if (place == nullptr) continue;
      VF_ASSIGN(auto some, place->list());
      std::ranges::move(some, std::back_inserter(statuses));
    }
    return jobs::view(statuses);
  }

  Error no_such_job(const std::string& name) const {
    std::string names;
    for (const auto* place : {places_.own, places_.process}) {
      if (place == nullptr) continue;
      for (const auto& job : place->all()) names.append(names.empty() ? "" : ", ").append(job.name);
    }
    return not_found(
        fmt::format("there is no job {}; the jobs here are: {}; those of an environment need its name "
                    "(--env, in the API ?environment=)",
                    name.substr(0, 64), names.empty() ? "none" : names));
  }

  // A process's own jobs keep their runs apart from the database's, so a page has those of the one or of the other.
  const jobs::Jobs* place_of_runs(const api::Call& call) const {
    const auto job = api::text_of(call, "job");
    const bool of_process = job && places_.process != nullptr && places_.process->has(*job);
    return places_.own == nullptr || of_process ? places_.process : places_.own;
  }

  void run_elsewhere(const std::string& environment, const api::Call& call, const api::Done& done) const {
    const std::string& name = call.path[0];
    if (!is_job_name(name)) {
      return done(
          not_found(fmt::format("there is no job {} in the environment {}: a job's name has lower-case letters, "
                                "digits and dashes; vf jobs list --env {} shows the jobs",
                                name.substr(0, 64), environment, environment)));
    }
    const auto parameters = api::object_of(call);
    if (!parameters) return done(parameters.error());
    EnvironmentCall wanted{.environment = environment,
                           .method = "POST",
                           .path = "/internal/jobs/" + name + "/run",
                           .body = parameters->dump(),
                           .caller = call.caller};
    forward(std::move(wanted), is_requested_run, done);
  }

  template <class AtPlace>
  void on_run(const api::Call& call, RunCall run, AtPlace at_place, const api::Done& done) const {
    const std::string& id = call.path[0];
    if (const auto uuid = run_id_of(id); !uuid) return done(uuid.error());
    const auto environment = api::text_of(call, "environment");
    auto* here = environment ? environment_here(*environment) : nullptr;
    if (here != nullptr) return done(at_place(*here));
    if (!environment) return done(on_run_here(id, at_place));
    EnvironmentCall wanted{.environment = *environment,
                           .method = std::move(run.method),
                           .path = "/internal/runs/" + id + run.path,
                           .caller = call.caller};
    forward(std::move(wanted), run.is_expected, done);
  }

  // Finds the run in one of the databases of this process, or among the process's own.
  template <class AtPlace>
  Result<json> on_run_here(const std::string& id, AtPlace at_place) const {
    std::vector<jobs::Jobs*> places{places_.own, places_.process};
    for (const auto& [name, place] : places_.environments) places.push_back(place);
    for (auto* place : places) {
      if (place == nullptr) continue;
      auto answer = at_place(*place);
      if (answer || answer.error().code != Code::not_found) return answer;
    }
    return no_such_run(id);
  }

  void forward(EnvironmentCall call, IsExpected is_expected, const api::Done& done) const {
    forward_call(places_.forward, std::move(call), is_expected, done);
  }

  const JobPlaces places_;
};

}  // namespace

api::Routes jobs_routes(const JobPlaces& places) {
  const auto resource = std::make_shared<const JobsResource>(places);
  const auto list = [resource](const api::Call& call, const api::Done& done) { resource->list(call, done); };
  const auto run = [resource](const api::Call& call, const api::Done& done) { resource->run(call, done); };
  const auto runs = [resource](const api::Call& call, const api::Done& done) { resource->runs(call, done); };
  const auto show = [resource](const api::Call& call, const api::Done& done) { resource->show(call, done); };
  const auto stop = [resource](const api::Call& call, const api::Done& done) { resource->stop(call, done); };
  std::vector<std::string_view> of_runs(std::begin(kRunParameters), std::end(kRunParameters));
  of_runs.emplace_back("environment");
  return {{.method = "GET",
           .pattern = "/admin/v1/jobs",
           .access = Right::read,
           .parameters = {{"environment"}},
           .handler = api::AsyncRead{list}},
          {.method = "POST",
           .pattern = "/admin/v1/jobs/{name}/run",
           .access = Right::operate,
           .parameters = {{"environment"}},
           .handler = api::Change{.change = run}},
          {.method = "GET",
           .pattern = "/admin/v1/runs",
           .access = Right::read,
           .parameters = std::move(of_runs),
           .handler = api::AsyncRead{runs}},
          {.method = "GET",
           .pattern = "/admin/v1/runs/{id}",
           .access = Right::read,
           .parameters = {{"environment"}},
           .handler = api::AsyncRead{show}},
          {.method = "POST",
           .pattern = "/admin/v1/runs/{id}/stop",
           .access = Right::operate,
           .parameters = {{"environment"}},
           .handler = api::Change{.change = stop}}};
}

}  // namespace vf::admin
