// The roles of the databases: vfmigrator owns everything and changes schemas, vfapp has the rights that the running
// hub needs and owns nothing. Thread safety: none needed.
#pragma once

#include <string>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// A connection for `vf migrate`. A superuser, or who may create roles, makes the two where they are missing (without a
/// password: that is the operator's to set). Who may act as vfmigrator does so from then on, so that it owns what is
/// made; everybody else stays who they are, as in a database whose `schema` somebody else has migrated.
Result<Connection> connect_to_migrate(const std::string& url, const std::string& schema);

}  // namespace vf::store::postgres
