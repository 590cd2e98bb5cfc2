// Tuning: how one target's deliveries are batched, paced and retried. A value.
#pragma once

#include <cstdint>

#include "fanout/batches.h"
#include "fanout/breaker.h"

namespace vf::fanout {

/// The defaults are those of the configuration, so that what tests and the simulation run is what production runs.
struct Tuning {
  Batches::Params batches;  // one_event_a_part follows the target
  Breaker::Params breaker;
  int64_t single_attempts_max = 20;  // about two days with retry_delay(); then a dead letter
  int server_errors_max = 5;         // in a row, of a receiver of single events, before they are a target failure
  int refusals_max = 5;  // fresh events in a row, none delivered in between, before they are a target failure
  int open_after = 5;    // failures in a row before the state is called open
};

}  // namespace vf::fanout
