// The PostgreSQL roles of the databases: vfmigrator owns all schemas and tables and changes them; vfapp owns nothing
// and has the rights that the running hub needs. A function; no state.
#pragma once

#include <string>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Opens a connection for `vf migrate`. If the user of `url` is a superuser or may create roles, it creates the two
/// roles if they are missing (without a password: the operator sets it). If the user may act as vfmigrator, the
/// connection does so, and vfmigrator owns what is created. Otherwise the connection keeps the user's own role; so it
/// does when another role owns the migrations of `schema`.
Result<Connection> connect_to_migrate(const std::string& url, const std::string& schema);

}  // namespace vf::store::postgres
