// Reads the types of the newest events of a shared store in a SQLite file. A function; opens the file itself, for
// reading only, while a hub may write to it.
#pragma once

#include <string>

#include "base/result.h"
#include "store/types_seen.h"

namespace vf::store::sqlite {

/// A file that does not exist has no events. Error `unavailable`: the file cannot be read.
Result<TypesSeen> types_seen(const std::string& path, const TypesSince& params);

}  // namespace vf::store::sqlite
