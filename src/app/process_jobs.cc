#include "app/process_jobs.h"

#include "app/holder.h"
#include "app/job_time.h"
#include "upkeep/health_log_job.h"
#include "upkeep/heap_trim_job.h"

namespace vf::app {

ProcessJobs::ProcessJobs(obs::Services services)
    : services_(services),
      runs_(services_.clock),
      jobs_({.jobs = {upkeep::heap_trim_job(), upkeep::health_log_job(services_)},
             .reads = runs_,
             .writer = runs_,
             .clock = services_.clock,
             .seed = chance(services_.clock, "process"),
             .leased = false}) {
  const uint64_t seed = chance(services_.clock, "runner of the process");
  runner_ = std::make_unique<jobs::Runner>(
      jobs::Runner::Params{.name = "process jobs",
                           .jobs = jobs_,
                           .reads = runs_,
                           .writer = runs_,
                           .time = [&clock = services_.clock]() -> Result<jobs::TickTime::Reading> {
                             return jobs::TickTime::Reading{.wall = clock.now()};
                           },
                           .services = services_,
                           .holder = process_name(seed),
                           .seed = seed});
}

}  // namespace vf::app
