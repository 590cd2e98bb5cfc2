// How long the horizon has been held back. A writing transaction that stays open, in any database of the cluster, holds
// back every event committed after it began: consumers wait until it ends. A metric is made from this. A function.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

struct Horizon {
  Millis age;          // how long the oldest event above the horizon has waited, by the server's clock
  std::string holder;  // of the transaction: "process 12 (psql) of anna in database x"; empty: it has just ended
};

/// nullopt when no event waits.
Result<std::optional<Horizon>> read_horizon(Connection& db);

}  // namespace vf::store::postgres
