// TestServices: the services of a role, for tests: a clock that the test moves, a log that shows only errors, and
// metrics and health checks of the test's own.
#pragma once

#include "obs/services.h"

namespace vf::obs {

struct TestServices {
  explicit TestServices(Instant now) : clock(now) {}

  ManualClock clock;
  Log log{Format::human, Level::error};
  Metrics metrics;
  Health health;
  Services services{clock, log, metrics, health};
};

}  // namespace vf::obs
