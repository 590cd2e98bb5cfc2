// The address of a PostgreSQL database, as the configuration gives it: a URL or key=value, in libpq's form.
// A pure function; thread safe.
#pragma once

#include <string>

#include "base/result.h"

namespace vf::store::postgres {

/// Whether it can be read and names a database: libpq would take the user's name for one. Error `invalid`, which never
/// quotes a value of it: any part may be a password, or a piece of one.
Result<void> check_address(const std::string& address);

}  // namespace vf::store::postgres
