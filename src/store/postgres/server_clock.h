// The server's clock, which every process that works on its databases has in common. A function; no state.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// What it shows now, also within a transaction.
Result<Instant> read_clock(Connection& db);

}  // namespace vf::store::postgres
