// The horizon's health. A transaction that writes and stays open, anywhere in the cluster, another database too, holds
// back every event committed after it began: consumers stand still until it ends. A metric watches it by this.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

struct Horizon {
  Millis age;          // how long the oldest committed event has waited, by the server's clock
  std::string holder;  // whose transaction it waits for: "process 12 (psql) of anna in database x"; empty: just ended
};

/// nullopt when nothing waits.
Result<std::optional<Horizon>> read_horizon(Connection& db);

}  // namespace vf::store::postgres
