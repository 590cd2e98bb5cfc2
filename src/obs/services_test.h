// TestServices: the services of a role for tests: a clock that the test sets, a log of errors alone, own metrics and
// health.
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
