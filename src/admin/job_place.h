// What one place of jobs answers: a database, or the process itself. The admin API and an environment's listener share
// it. Calls wait for the store. Thread safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/route.h"
#include "base/time.h"
#include "jobs/jobs.h"

namespace vf::admin {

/// The parameters of the query that a list of runs takes.
inline constexpr std::string_view kRunParameters[] = {"job", "asked_for", "after", "limit"};

Result<nlohmann::json> list_jobs(const jobs::Jobs& place);
/// Asks for a run with the parameters that the call's body holds. Returns {"id", "job"}.
Result<nlohmann::json> request_run(jobs::Jobs& place, const std::string& job, const api::Call& call);
Result<nlohmann::json> list_runs(const jobs::Jobs& place, const api::Call& call, Instant now);
/// The error `not_found` of show_run() and stop_run(): no run of this place has the id.
Result<nlohmann::json> show_run(const jobs::Jobs& place, const std::string& id, Instant now);
Result<nlohmann::json> stop_run(jobs::Jobs& place, const std::string& id);

/// Reads a run's id that stands in a path.
Result<Uuid> run_id_of(const std::string& text);
Error no_such_run(const std::string& id);

/// GET /internal/jobs, POST …/jobs/{name}/run, GET /internal/runs, …/runs/{id}, POST …/runs/{id}/stop: the rows of an
/// environment's listener, for the hub.
api::Routes internal_jobs_routes(jobs::Jobs& jobs, const Clock& clock);

}  // namespace vf::admin
