#include "store/sqlite/overwrite_guard.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace vf::store::sqlite {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr size_t kGenerationAt = 60;  // user_version

ino_t inode_of(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string unused(const std::string& path) {
  std::error_code ignored;
  std::string name = path;
  for (int n = 2; std::filesystem::exists(std::filesystem::symlink_status(name, ignored)); ++n)
    name = fmt::format("{}-{}", path, n);
  return name;
}

}  // namespace

// Numbers after the largest one begin with the smallest: they are compared by their difference.
Result<void> renew(Connection& db) {
  uint32_t generation = 0;
  {
    Query query = db.query("PRAGMA user_version");
    VF_TRY(query.step());
    generation = static_cast<uint32_t>(query.integer_at(0));
  }
  return db.run(fmt::format("PRAGMA user_version={}", static_cast<int32_t>(generation + 1)));
}

bool OverwriteGuard::Content::is_database() const { return std::string_view(header.data(), kMagic.size()) == kMagic; }

bool OverwriteGuard::Content::is_older_than(const Content& other) const {
  const auto generation = [](const Content& content) {
    uint32_t number = 0;
    for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(content.header[kGenerationAt + i]);
    return number;
  };
  return static_cast<int32_t>(generation(*this) - generation(other)) < 0;
}

Result<std::unique_ptr<OverwriteGuard>> OverwriteGuard::of(Connection db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db.raw(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK ||
      file->pMethods == nullptr) {
    return internal("SQLite does not show its file");
  }
  VF_ASSIGN(const auto index, LogIndex::of(db.raw()));
  std::unique_ptr<OverwriteGuard> guard(new OverwriteGuard(std::move(db), file, index));
  guard->look();
  return guard;
}

OverwriteGuard::OverwriteGuard(Connection db, sqlite3_file* file, LogIndex index)
    : db_(std::move(db)),
      file_(file),
      index_(index),
      path_(sqlite3_db_filename(db_.raw(), "main")),
      log_(sqlite3_filename_wal(sqlite3_db_filename(db_.raw(), "main"))),
      log_inode_(inode_of(log_)) {}

/// Of a file that is shorter than the header the rest is zero. False: it cannot be read, which SQLite will report.
bool OverwriteGuard::read(Content& content) const {
  const int code = file_->pMethods->xRead(file_, content.header.data(), static_cast<int>(content.header.size()), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return false;
  sqlite3_int64 bytes = 0;
  if (file_->pMethods->xFileSize(file_, &bytes) != SQLITE_OK) return false;
  content.bytes = bytes;
  return true;
}

void OverwriteGuard::look() {
  Content now{};
  const auto before = index_.copied();
  if (!read(now)) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const auto after = index_.copied();
  if (after == seen_.copied && after.is_complete() && seen_.content.bytes > 0) {
    is_overwritten_ = now != seen_.content;
  } else if (!now.is_database()) {
    is_overwritten_ = true;  // no checkpoint does this
  } else if (before == after && after.is_complete()) {
    // Overwritten while a checkpoint ran.
    is_mixed_ = is_overwritten_ = seen_.content.bytes > 0 && now.is_older_than(seen_.content);
    if (!is_mixed_) seen_ = {.copied = after, .content = now};
  }
}

void OverwriteGuard::keep_log(bool is_last) {
  Content now{};
  if (is_mixed_ || !kept_log_.empty() || !read(now)) return;
  const bool is_foreign = now.is_database() ? now.is_older_than(seen_.content) : is_last;
  if (!is_foreign || log_inode_ == 0 || inode_of(log_) != log_inode_) return;
  const std::string name = unused(log_ + ".kept");
  if (std::rename(log_.c_str(), name.c_str()) == 0) kept_log_ = name;
}

Result<void> OverwriteGuard::report() const {
  if (!is_overwritten_) return {};
  if (kept_log_.empty()) {
    return unavailable(
        fmt::format("{} was overwritten or cut in place while the hub has it open: restart the hub if you have put a "
                    "whole copy there, else stop it and restore a backup",
                    path_));
  }
  return unavailable(fmt::format(
      "{} was overwritten in place by an older or another database while the hub has it open: restart the hub to use "
      "what it holds now. Its log, with what was committed since the last checkpoint, is kept as {}",
      path_, kept_log_));
}

Result<void> OverwriteGuard::check() {
  const std::lock_guard lock(mutex_);
  if (!is_overwritten_) look();
  if (is_overwritten_) keep_log(false);
  return report();
}

Result<void> OverwriteGuard::check_before_close() {
  const std::lock_guard lock(mutex_);
  if (!is_overwritten_) look();
  if (is_overwritten_) keep_log(true);
  return report();
}

}  // namespace vf::store::sqlite
