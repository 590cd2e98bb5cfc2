// Measures how long an open transaction has held back the horizon. Consumers read only rows below the horizon: while a
// writing transaction stays open, in any database of the cluster, they cannot read the events committed after it began.
// A metric is made from the result. A function; no state.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

struct Horizon {
  Millis age;          // how long the oldest event above the horizon has waited, by the server's clock
  std::string holder;  // the open transaction's session: "process 12 (psql) of anna in database x"; empty: it has ended
};

/// Returns nullopt when no event waits above the horizon.
Result<std::optional<Horizon>> read_horizon(Connection& db);

}  // namespace vf::store::postgres
