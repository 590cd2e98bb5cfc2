// Services: the clock, log, metrics and health checks that all roles of a process share. They must outlive the roles.
#pragma once

#include "base/time.h"
#include "obs/health.h"
#include "obs/log.h"
#include "obs/metrics.h"

namespace vf::obs {

struct Services {
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  Health& health;
};

}  // namespace vf::obs
