// OverwriteGuard: finds out whether a program other than SQLite wrote over the database's file in place (`cp backup.db
// dm.db`, `truncate`), which keeps the inode. SQLite does not: it goes on committing to a log that belongs to the
// content that is gone.
//
// In WAL mode only checkpoints change the database's file. Between two of them, made by whatever process, its size and
// the header of its first page stay as they are. That header has a generation, which renew() counts up before each
// checkpoint of the hub: so an older copy of the file never has the same header, even if it has the same size. Neither
// a touched file nor one whose mode or owner changed is taken for an overwritten one. A checkpoint never leaves an
// older generation. Not found: other pages that are changed alone, and a file that was overwritten in the moment before
// a checkpoint writes the first page. Thread safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/log_index.h"

struct sqlite3_file;

namespace vf::store::sqlite {

/// Counts the generation up (SQLite's user_version), inside a transaction.
Result<void> renew(Connection& db);

class OverwriteGuard {
 public:
  /// `db`, which has read from the database, is used for nothing else. Error `internal`: SQLite does not show its
  /// files.
  static Result<std::unique_ptr<OverwriteGuard>> of(Connection db);

  /// Error `unavailable`: the file was overwritten or cut; from then on always. At the next start SQLite would apply
  /// the log to what is in the file now, and damage it: where that is an older state or another database, the log gets
  /// another name, which the message has.
  Result<void> check();
  /// As check(), for the last call before the database is closed: also a log beside what is no database is kept.
  Result<void> check_before_close();

 private:
  struct Content {
    std::array<char, 100> header;  // https://sqlite.org/fileformat2.html#the_database_header
    int64_t bytes;
    bool operator==(const Content&) const = default;
    bool is_database() const;
    bool is_older_than(const Content& other) const;
  };
  struct Seen {
    LogIndex::Copied copied;
    Content content;
  };
  OverwriteGuard(Connection db, sqlite3_file* file, LogIndex index);
  bool read(Content& content) const;
  void look();
  void keep_log(bool is_last);
  Result<void> report() const;

  std::mutex mutex_;
  const Connection db_;
  sqlite3_file* const file_;
  const LogIndex index_;
  const std::string path_;
  const std::string log_;
  ino_t log_inode_ = 0;
  Seen seen_ = {};
  bool is_overwritten_ = false;
  bool is_mixed_ = false;  // the file may hold a part of the log, too: it is left beside the file
  std::string kept_log_;   // its new name
};

}  // namespace vf::store::sqlite
