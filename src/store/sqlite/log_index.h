// LogIndex: reads SQLite's index of a database's log, the mapped "-shm", which all processes that have the database
// open share. Immutable, hence thread safe; what it reads may change at any time.
#pragma once

#include <cstdint>

#include "base/result.h"

struct sqlite3;

namespace vf::store::sqlite {

class LogIndex {
 public:
  /// `db`, which has read from the database, must stay open as long as the LogIndex is asked. Error `internal`: SQLite
  /// does not show its index of the log.
  static Result<LogIndex> of(sqlite3* db);

  /// Returns the size of the log's file that its valid frames need.
  int64_t bytes_listed() const;

  /// How far checkpoints have copied the log into the database, by whatever process. SQLite notes that a checkpoint has
  /// begun before it changes the database's file, and that it is done afterwards; so the file does not change between
  /// two equal values that are complete.
  struct Copied {
    uint32_t salts[2];  // another pair each time the log is written from its beginning
    uint32_t done;      // frames
    uint32_t begun;     // frames, `done` or more
    bool operator==(const Copied&) const = default;
    /// False while a checkpoint runs, and after one that failed or was killed.
    bool is_complete() const { return begun <= done; }
  };
  Copied copied() const;

 private:
  explicit LogIndex(const volatile void* bytes) : bytes_(bytes) {}

  const volatile void* bytes_;
};

}  // namespace vf::store::sqlite
