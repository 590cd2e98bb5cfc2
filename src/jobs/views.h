// The JSON of jobs and runs, as every listener gives it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "jobs/jobs.h"

namespace vf::jobs {

/// {name, schedule, leased, here, last: {started, ended, outcome, counts, error} | null, next, late,
/// failing: {since, runs} | null}: how many runs have failed since the last one that is done, and since when.
nlohmann::json view(const JobStatus& status);
/// {"jobs": […], "next": null}
nlohmann::json view(const std::vector<JobStatus>& statuses);

/// {id, job, state, due, parameters, asked_by, asked, started, ended, done, of, rate, eta_seconds, counts, error,
/// holder, stop_wanted}. Of a run under way, rate is what was done in a second since the run began, and eta_seconds how
/// long the rest takes at this rate; null where that is not known.
nlohmann::json view(const store::Run& run, Instant now);

}  // namespace vf::jobs
