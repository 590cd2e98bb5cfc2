#include "store/sqlite/log_guard.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace vf::store::sqlite {

Result<LogGuard> LogGuard::of(sqlite3* db) {
  VF_ASSIGN(const auto index, LogIndex::of(db));
  return LogGuard(sqlite3_filename_wal(sqlite3_db_filename(db, "main")), index);
}

// SQLite lists frames once they are written, and before it shortens the file it lists none. So the file may only seem
// too short if the index was read before a checkpoint emptied both: then the index lists less now.
Result<void> LogGuard::check() const {
  const int64_t listed = index_.bytes_listed();
  struct stat status{};
  if (!cut_ && listed > 0 && ::lstat(path_.c_str(), &status) == 0 && status.st_size < listed) {
    cut_ = index_.bytes_listed() >= listed;
  }
  if (!cut_) return {};
  return unavailable(
      fmt::format("{} was cut while the hub has it open: what was committed since the last checkpoint may be lost. "
                  "Restart the hub, which then uses what the database holds, or restore a backup",
                  path_));
}

}  // namespace vf::store::sqlite
