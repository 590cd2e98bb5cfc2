// Results of writes that are common to the shared store and an environment's database. Values.
#pragma once

#include <cstdint>

namespace vf::store {

/// Result of a write that returns nothing.
struct Written {};
/// Result of one step of retention.
struct RowsRemoved {
  int64_t removed = 0;
};

}  // namespace vf::store
