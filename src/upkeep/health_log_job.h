// The job `health-log` of each process: logs health checks that begin to fail or recover.
#pragma once

#include "jobs/job.h"
#include "obs/services.h"

namespace vf::upkeep {

/// What `services` refers to outlives the job.
jobs::Job health_log_job(const obs::Services& services);

}  // namespace vf::upkeep
