#include "store/sqlite/free_pages.h"

#include <algorithm>
#include <string>

namespace vf::store::sqlite {
namespace {

// Free pages are used again by the next events: only what goes beyond this is given back, a little at a time.
constexpr int64_t kFreePagesKept = 1024;
constexpr int64_t kFreePagesPerStep = 256;

}  // namespace

Result<void> give_pages_back(Connection& db) {
  int64_t free = 0;
  {
    Query query = db.query("PRAGMA freelist_count");
    VF_TRY(query.step());
    free = query.integer_at(0);
  }
  if (free <= kFreePagesKept) return {};
  const int64_t pages = std::min(free - kFreePagesKept, kFreePagesPerStep);
  return db.run("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")");
}

}  // namespace vf::store::sqlite
