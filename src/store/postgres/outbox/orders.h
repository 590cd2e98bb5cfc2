// Reads what operators have ordered, the settings of a shared store on PostgreSQL. A function on the caller's
// connection; no state.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

Result<std::vector<PutSetting>> read_orders(Connection& db);

}  // namespace vf::store::postgres
