// FileLock: makes one process the owner of a database while the object lives. The lock is on the database's file itself
// (device and inode), so it holds whatever name a process uses: a relative path, a symbolic or hard link, a mount, or
// the name that the file was moved to. The lock file beside the database has the owner's process id, for messages; it
// is locked too, because older hubs lock only that file. The kernel keeps both locks, so they end with the
// process, even after a crash.
// EnvironmentLock: shares a database among the processes, and the stores of a process, that use it for one environment.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "store/sqlite/database_files.h"

namespace vf::store::sqlite {

class FileLock {
 public:
  /// Locks the database at `path` and "<path>.lock"; creates both if they are missing. Error `conflict`: another
  /// process, or this one, has the lock, or the file has several names. Error `unavailable`: a file cannot be created.
  static Result<FileLock> take(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  /// Releases the locks. All connections of this process to the database must be closed before: closing the file ends
  /// their locks.
  ~FileLock();

 private:
  FileLock() = default;
  Result<void> lock_beside(const std::string& path);
  Result<void> lock_database(const std::string& path);

  std::string lock_path_;
  int lock_file_ = -1;
  int database_ = -1;
  FileId id_;
};

class EnvironmentLock {
 public:
  /// Locks the database at `path`, which may be missing: it is created. Error `conflict`: it is used for another
  /// environment, or as the shared store, by whatever name and process. A file that cannot be opened is no error:
  /// SQLite reports it.
  static Result<EnvironmentLock> take(const std::string& path, const std::string& environment);

  EnvironmentLock(EnvironmentLock&& other) noexcept : id_(std::exchange(other.id_, {})) {}
  EnvironmentLock& operator=(EnvironmentLock&&) = delete;
  /// All connections of the store to the database must be closed before.
  ~EnvironmentLock();

 private:
  explicit EnvironmentLock(FileId id) : id_(id) {}

  FileId id_;  // none: nothing is locked
};

}  // namespace vf::store::sqlite
