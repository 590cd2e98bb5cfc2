// Prepares and checks the shared database: its migrations, partitions, the era of its cluster, the rights of vfapp.
// Functions on a connection; no state.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

namespace vf::store::postgres {

SchemaParams outbox_schema(const Connection& db);

/// Does the work of `vf migrate dm`: applies the pending migrations, opens the next era if needed, grants vfapp its
/// rights and adds partitions for the days ahead. Returns the names of the migrations applied, and "era N" if it opened
/// an era.
Result<std::vector<std::string>> prepare_outbox(Connection& db);

/// Returns the names that prepare_outbox() would return. Changes nothing.
Result<std::vector<std::string>> pending_of_outbox(Connection& db);

/// Checks that the hub can use the database. Error `conflict`: migrations are pending or the database's positions do
/// not belong to this cluster; the message says to run `vf migrate dm`.
Result<void> check_outbox(Connection& db);

/// Checks the server of a new connection. Error `unavailable`: the database's positions do not belong to this cluster,
/// or the server is a standby.
Result<void> check_server_of_outbox(Connection& db);

}  // namespace vf::store::postgres
