// The roles of the databases: vfmigrator owns everything and changes schemas, vfapp has the rights that the running
// hub needs and owns nothing. A function; no state.
#pragma once

#include <string>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// A connection for `vf migrate`. A superuser, or a user who may create roles, creates the two roles if they are
/// missing (without a password: the operator sets it). A user who may act as vfmigrator then does so, so that
/// vfmigrator owns what is created. Any other user keeps its own role, and so does any user where another role owns the
/// migrations of `schema`.
Result<Connection> connect_to_migrate(const std::string& url, const std::string& schema);

}  // namespace vf::store::postgres
