#include "store/sqlite/log_guard.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace vf::store::sqlite {
namespace {

// https://sqlite.org/walformat.html#the_wal_index_file_format and #the_wal_file_format
constexpr int kIndexRegionBytes = 32768;
constexpr size_t kPageBytesAt = 14;  // 16 bits; 1 stands for 65,536
constexpr size_t kFramesAt = 16;     // 32 bits: the number of valid frames in the log
constexpr int64_t kLogHeaderBytes = 32;
constexpr int64_t kFrameHeaderBytes = 24;

template <class Number>
Number read_at(const volatile void* bytes, size_t at) {
  return *reinterpret_cast<const volatile Number*>(static_cast<const volatile char*>(bytes) + at);
}

}  // namespace

Result<LogGuard> LogGuard::of(sqlite3* db) {
  sqlite3_file* file = nullptr;
  volatile void* index = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK ||
      file->pMethods == nullptr || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmMap(file, 0, kIndexRegionBytes, 0, &index) != SQLITE_OK || index == nullptr) {
    return internal("SQLite does not show its index of the log");
  }
  return LogGuard(sqlite3_filename_wal(sqlite3_db_filename(db, "main")), index);
}

int64_t LogGuard::bytes_listed() const {
  const auto frames = int64_t{read_at<uint32_t>(index_, kFramesAt)};
  const auto page = int64_t{read_at<uint16_t>(index_, kPageBytesAt)};
  return frames == 0 ? 0 : kLogHeaderBytes + frames * (kFrameHeaderBytes + (page == 1 ? 65'536 : page));
}

// SQLite lists frames once they are written, and before it shortens the file it lists none. So the file may only seem
// too short if the index was read before a checkpoint emptied both: then the index lists less now.
Result<void> LogGuard::check() const {
  const int64_t listed = bytes_listed();
  struct stat status{};
  if (!cut_ && listed > 0 && ::lstat(path_.c_str(), &status) == 0 && status.st_size < listed) {
    cut_ = bytes_listed() >= listed;
  }
  if (!cut_) return {};
  return unavailable(
      fmt::format("{} was cut while the hub has it open: what was committed since the last checkpoint may be lost. "
                  "Restart the hub, which then uses what the database holds, or restore a backup",
                  path_));
}

}  // namespace vf::store::sqlite
