// The address of a PostgreSQL database as it is configured: a URL or key=value pairs, in libpq's form.
// A pure function; thread safe.
#pragma once

#include <string>

#include "base/result.h"

namespace vf::store::postgres {

/// Checks that the address can be parsed and names a database (if it did not, libpq would use the user's name as the
/// database's). Error `invalid`: the message quotes no value of the address, because any part may be a password or a
/// piece of a password.
Result<void> check_address(const std::string& address);

}  // namespace vf::store::postgres
