// The jobs and runs of the admin API, which every role serves for its own jobs; the hub also answers for environments
// (?environment=E): those of this process, and others through their listeners.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/route.h"
#include "base/time.h"
#include "jobs/jobs.h"

namespace vf::admin {

/// A call of an environment's listener: GET /internal/jobs or POST /internal/jobs/{name}/run.
struct EnvironmentCall {
  std::string environment;
  std::string method, path;  // path: "/internal/jobs…"
  std::string body = {};
};

/// Where there are jobs. What it refers to outlives the routes.
struct JobPlaces {
  const Clock& clock;
  jobs::Jobs* own = nullptr;                             // the hub's, or of the environment of this process
  jobs::Jobs* process = nullptr;                         // those that every process runs for itself
  std::map<std::string, jobs::Jobs*> environments = {};  // of this process
  /// Calls the listener of an environment elsewhere, and returns its JSON. Error `not_found`: the hub has no target of
  /// this name that is an environment. Empty: this process is no hub.
  std::function<Result<std::string>(const EnvironmentCall&)> forward = {};
};

/// GET /admin/v1/jobs, POST …/jobs/{name}/run, GET /admin/v1/runs, …/runs/{id}, POST …/runs/{id}/stop.
api::Routes jobs_routes(const JobPlaces& places);

/// GET /internal/jobs and POST /internal/jobs/{name}/run: the rows of an environment's listener, for the hub.
api::Routes internal_jobs_routes(jobs::Jobs& jobs);

}  // namespace vf::admin
