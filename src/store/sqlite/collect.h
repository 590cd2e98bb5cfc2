// Reading all rows of a query into values. Templates only; no state.
#pragma once

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// All rows of a query that is bound, each as `read` makes it.
template <class Read>
auto collect(Query& query, Read read) -> Result<std::vector<decltype(read(query))>> {
  std::vector<decltype(read(query))> rows;
  while (true) {
    VF_ASSIGN(const auto row, query.step());
    if (!row) return rows;
    rows.push_back(read(query));
  }
}

/// A number of rows as SQLite's LIMIT takes it.
inline int64_t limit(size_t rows_max) { return static_cast<int64_t>(std::min<size_t>(rows_max, 1u << 30)); }

}  // namespace vf::store::sqlite
