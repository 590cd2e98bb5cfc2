// The job `retry-quarantine` of an environment: projects all quarantined events again, when a process that runs it
// starts and every hour. A retry of one event never changes what another one gives, so a run may be resumed.
#pragma once

#include "base/time.h"
#include "jobs/job.h"
#include "store/environment_store.h"

namespace vf::upkeep {

/// Counts: tried, applied, ignored, quarantined (again). `store` and `clock` outlive the job.
jobs::Job quarantine_job(store::EnvironmentStore& store, const Clock& clock);

}  // namespace vf::upkeep
