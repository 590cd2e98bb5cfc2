#include "store/postgres/server_clock.h"

namespace vf::store::postgres {

Result<Instant> read_clock(Connection& db) {
  VF_ASSIGN(const auto rows, db.query("SELECT pg_catalog.clock_timestamp()"));
  return rows.time_at(0, 0);
}

}  // namespace vf::store::postgres
