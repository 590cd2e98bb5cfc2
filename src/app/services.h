// Services: what every role of a process shares. Outlives them.
#pragma once

#include "base/time.h"
#include "obs/health.h"
#include "obs/log.h"
#include "obs/metrics.h"

namespace vf::app {

struct Services {
  const Clock& clock;
  obs::Log& log;
  obs::Metrics& metrics;
  obs::Health& health;
};

}  // namespace vf::app
