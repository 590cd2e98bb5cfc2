// The job `heap-trim` of each process: gives freed memory back to the system.
#pragma once

#include "jobs/job.h"

namespace vf::upkeep {

jobs::Job heap_trim_job();

}  // namespace vf::upkeep
