// Giving pages back to the file system after retention. Runs inside the caller's transaction; no state.
#pragma once

#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// Shortens the file by some of its free pages, if there are more of them than the next rows will use again.
Result<void> give_pages_back(Connection& db);

}  // namespace vf::store::sqlite
