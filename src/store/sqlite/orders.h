// Reads what operators have ordered, the settings of a shared store in a SQLite file. A function; opens the file
// itself, for reading only, while a hub may write to it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/outbox_store.h"

namespace vf::store::sqlite {

/// A file that does not exist holds none. Error `unavailable`: the file cannot be read.
Result<std::vector<PutSetting>> read_orders(const std::string& path);

}  // namespace vf::store::sqlite
