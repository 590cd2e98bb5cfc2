// Services: what every role of a process shares. Outlives them.
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
