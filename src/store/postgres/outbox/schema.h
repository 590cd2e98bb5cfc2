// Preparing and checking the shared database: migrations, partitions, the era of its cluster, the rights of vfapp.
// Functions over a connection; no state.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

namespace vf::store::postgres {

SchemaParams outbox_schema(const Connection& db);

/// The work of `vf migrate dm`: migrations, the next era if needed, rights, partitions for the days ahead. Returns the
/// names of the migrations applied, and "era N" when an era was opened.
Result<std::vector<std::string>> prepare_outbox(Connection& db);

/// The names that prepare_outbox() would return. Changes nothing.
Result<std::vector<std::string>> pending_of_outbox(Connection& db);

/// Error `conflict`, naming `vf migrate dm`, when migrations are pending or the database's positions do not belong to
/// this cluster.
Result<void> check_outbox(Connection& db);

/// Error `unavailable` when the positions do not belong to this cluster, or the server is a standby.
Result<void> check_server_of_outbox(Connection& db);

}  // namespace vf::store::postgres
