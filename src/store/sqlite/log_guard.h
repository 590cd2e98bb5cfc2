// LogGuard: finds out whether a database's log (the write-ahead log, "-wal") was cut in place, by a program that
// empties files. SQLite does not: it goes on writing after the place where the log ended, and what was committed since
// the last checkpoint is lost with the process. Once cut, the log is never used again: a checkpoint would copy what is
// left of it into the database, which it would damage. Thread safe.
#pragma once

#include <atomic>
#include <string>

#include "base/result.h"
#include "store/sqlite/log_index.h"

struct sqlite3;

namespace vf::store::sqlite {

class LogGuard {
 public:
  /// `db`, which has read from the database, must stay open as long as the LogGuard is asked. Error `internal`: SQLite
  /// does not show its index of the log.
  static Result<LogGuard> of(sqlite3* db);

  LogGuard(LogGuard&& other) noexcept : path_(std::move(other.path_)), index_(other.index_), cut_(other.cut_.load()) {}

  /// Error `unavailable`: the log's file is shorter than the frames that its index lists. No transaction of the caller
  /// may have written anything yet. A missing file is no error here (OpenFiles finds it).
  Result<void> check() const;

 private:
  LogGuard(std::string path, LogIndex index) : path_(std::move(path)), index_(index) {}

  std::string path_;
  const LogIndex index_;
  mutable std::atomic<bool> cut_ = false;
};

}  // namespace vf::store::sqlite
