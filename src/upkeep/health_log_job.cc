#include "upkeep/health_log_job.h"

#include <memory>

#include "obs/health_log.h"

namespace vf::upkeep {

jobs::Job health_log_job(const obs::Services& services) {
  auto health_log = std::make_shared<obs::HealthLog>(services.health, services.log);
  return {.name = "health-log", .schedule = *jobs::Schedule::every(Millis{2'000}), .run = [health_log](jobs::Context&) {
            health_log->poll();
            return jobs::Finish::complete;
          }};
}

}  // namespace vf::upkeep
