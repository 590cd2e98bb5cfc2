// Tuning: how one target's deliveries are batched, paced and retried. A value.
#pragma once

#include <cstdint>

#include "fanout/batches.h"
#include "fanout/breaker.h"

namespace vf::fanout {

/// The defaults are those of the configuration, so that tests and the simulation run with the values of production.
struct Tuning {
  Batches::Params batches;  // one_event_a_part is set from the target's `delivery`
  Breaker::Params breaker;
  int64_t single_attempts_max = 20;  // then the event becomes a dead letter; with retry_delay() after about two days
  int server_errors_max = 5;         // how many in a row from a receiver of single events are a target failure
  int refusals_max = 5;              // how many of fresh events, none delivered in between, are a target failure
  int open_after = 5;                // how many failures in a row make the state open
};

}  // namespace vf::fanout
