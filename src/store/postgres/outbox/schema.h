// The shared database's readiness: migrations, partitions, the era of its cluster, the rights of vfapp.
// Functions over a connection; no state.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

namespace vf::store::postgres {

SchemaParams outbox_schema(const Connection& db);

/// What `vf migrate dm` does: migrations, the next era where there is need, rights, partitions ahead. The names of the
/// migrations applied now, and "era N" when one was opened.
Result<std::vector<std::string>> prepare_outbox(Connection& db);

/// What prepare_outbox() would do, by the same names. Changes nothing.
Result<std::vector<std::string>> pending_of_outbox(Connection& db);

/// Error `conflict`, naming `vf migrate dm`, when migrations are pending or the database's positions do not belong to
/// this cluster.
Result<void> check_outbox(Connection& db);

/// Error `unavailable` when the positions do not belong to this cluster, or the server is a standby.
Result<void> check_server_of_outbox(Connection& db);

}  // namespace vf::store::postgres
