#include "store/sqlite/log_index.h"

#include <sqlite3.h>

namespace vf::store::sqlite {
namespace {

// https://sqlite.org/walformat.html#the_wal_index_file_format and #the_wal_file_format
constexpr int kRegionBytes = 32768;
constexpr size_t kPageBytesAt = 14;  // 16 bits; 1 stands for 65,536
constexpr size_t kFramesAt = 16;     // 32 bits, as all that follow: the number of valid frames in the log
constexpr size_t kSaltsAt = 32;
constexpr size_t kCopiedAt = 96;
constexpr size_t kCopyBegunAt = 128;
constexpr int64_t kLogHeaderBytes = 32;
constexpr int64_t kFrameHeaderBytes = 24;

template <class Number>
Number read_at(const volatile void* bytes, size_t at) {
  return *reinterpret_cast<const volatile Number*>(static_cast<const volatile char*>(bytes) + at);
}

}  // namespace

Result<LogIndex> LogIndex::of(sqlite3* db) {
  sqlite3_file* file = nullptr;
  volatile void* index = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK ||
      file->pMethods == nullptr || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &index) != SQLITE_OK || index == nullptr) {
    return internal("SQLite does not show its index of the log");
  }
  return LogIndex(index);
}

int64_t LogIndex::bytes_listed() const {
  const auto frames = int64_t{read_at<uint32_t>(bytes_, kFramesAt)};
  const auto page = int64_t{read_at<uint16_t>(bytes_, kPageBytesAt)};
  return frames == 0 ? 0 : kLogHeaderBytes + frames * (kFrameHeaderBytes + (page == 1 ? 65'536 : page));
}

LogIndex::Copied LogIndex::copied() const {
  return {.salts = {read_at<uint32_t>(bytes_, kSaltsAt), read_at<uint32_t>(bytes_, kSaltsAt + 4)},
          .done = read_at<uint32_t>(bytes_, kCopiedAt),
          .begun = read_at<uint32_t>(bytes_, kCopyBegunAt)};
}

}  // namespace vf::store::sqlite
