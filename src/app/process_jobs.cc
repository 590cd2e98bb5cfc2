#include "app/process_jobs.h"

#include "app/holder.h"
#include "app/job_time.h"
#include "platform/heap.h"

namespace vf::app {
namespace {

constexpr Millis kPeriod{2'000};

jobs::Job heap_trim_job() {
  return {.name = "heap-trim", .schedule = *jobs::Schedule::every(kPeriod), .run = [](jobs::Context&) {
            platform::give_back_freed_memory();
            return jobs::Finish::complete;
          }};
}

jobs::Job health_log_job(obs::HealthLog& health_log) {
  return {.name = "health-log", .schedule = *jobs::Schedule::every(kPeriod), .run = [&health_log](jobs::Context&) {
            health_log.poll();
            return jobs::Finish::complete;
          }};
}

}  // namespace

ProcessJobs::ProcessJobs(obs::Services services)
    : services_(services),
      health_log_(services_.health, services_.log),
      runs_(services_.clock),
      jobs_({.jobs = {heap_trim_job(), health_log_job(health_log_)},
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
