// Tuning: how one target's deliveries are batched, paced and retried. A value.
#pragma once

#include <cstdint>

#include "fanout/batches.h"
#include "retry/params.h"

namespace vf::fanout {

/// The defaults are those of the configuration, so that tests and the simulation run with the values of production.
struct Tuning {
  Batches::Params batches;            // one_event_a_part is set from the target's `delivery`
  retry::Params retry;                // events_max is set from `batches` and the target's `delivery`
  size_t held_events_max = 8'000;     // in memory, while the cursor has not passed them
  size_t held_bytes_max = 16u << 20;  // of their envelopes; one read may exceed both
  int open_after = 5;                 // how many back-offs in a row make the state open
};

}  // namespace vf::fanout
