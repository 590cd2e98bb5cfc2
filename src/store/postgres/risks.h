// Finds settings of a PostgreSQL server that put the shared database at risk; the operator decides whether to change
// them. A function; no state.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Returns one sentence for each risk, with the remedy. Empty: no risk was found.
Result<std::vector<std::string>> risks(Connection& db);

}  // namespace vf::store::postgres
