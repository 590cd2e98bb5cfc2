// What a server's settings put at risk in the shared store, for the operator to decide. A function; no state.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// A sentence each, with what mends it; empty when there is nothing to say.
Result<std::vector<std::string>> risks(Connection& db);

}  // namespace vf::store::postgres
