// Reads the types of the newest events of a shared store on PostgreSQL. A function on the caller's connection; no
// state.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/types_seen.h"

namespace vf::store::postgres {

Result<TypesSeen> types_seen(Connection& db, const TypesSince& params);

}  // namespace vf::store::postgres
