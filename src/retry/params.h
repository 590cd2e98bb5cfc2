// Params: the numbers of the retry rule. The defaults are those of the configuration, so that tests and the simulation
// run with the values of production.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace vf::retry {

struct Params {
  size_t window_max = 4;              // requests in flight
  size_t events_max = 500;            // events in a request
  Millis first{500};                  // the first delay after a failure, of the receiver and of a single event
  Millis longest{60'000};             // the longest delay that the hub chooses, until an event has ten counted attempts
  Millis retry_after_max{3'600'000};  // a longer Retry-After is cut to this
  int64_t attempts = 20;              // counted ones, ten at least; then an event may become a dead letter
  size_t recorded_max = 10'000;       // events of one receiver that wait for another attempt with a row in the store
};

}  // namespace vf::retry
