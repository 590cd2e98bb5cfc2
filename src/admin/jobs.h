// The jobs and runs of the admin API, which every role serves for its own jobs; the hub also answers for environments
// (?environment=E): those of this process, and others through their listeners.
#pragma once

#include <map>
#include <string>

#include "admin/forward.h"
#include "api/route.h"
#include "base/time.h"
#include "jobs/jobs.h"

namespace vf::admin {

/// Where there are jobs. What it refers to outlives the routes.
struct JobPlaces {
  const Clock& clock;
  jobs::Jobs* own = nullptr;                             // the hub's, or of the environment of this process
  jobs::Jobs* process = nullptr;                         // those that every process runs for itself
  std::map<std::string, jobs::Jobs*> environments = {};  // of this process
  Forward forward = {};
};

/// GET /admin/v1/jobs, POST …/jobs/{name}/run, GET /admin/v1/runs, …/runs/{id}, POST …/runs/{id}/stop.
api::Routes jobs_routes(const JobPlaces& places);

}  // namespace vf::admin
