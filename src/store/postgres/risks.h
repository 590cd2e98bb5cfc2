// Settings of a server that put the shared database at risk, for the operator to decide about. A function; no state.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// One sentence per risk, with its remedy.
Result<std::vector<std::string>> risks(Connection& db);

}  // namespace vf::store::postgres
