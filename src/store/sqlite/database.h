// Database: one open SQLite file. It has the connection that writes, the pool of connections that read, and the
// checkpointer. The outbox and the environment store are built on it. Thread safe; calls of transaction() wait for each
// other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/migration.h"
#include "store/sqlite/checkpointer.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/database_files.h"
#include "store/sqlite/log_guard.h"
#include "store/sqlite/overwrite_guard.h"
#include "store/sqlite/read_pool.h"

namespace vf::store::sqlite {

class Database {
 public:
  struct Params {
    std::string path;
    std::span<const Migration> migrations;  // applied on opening
    MigrationTarget target;
    Instant now;
    int readers = 4;
    int64_t cache_bytes = 16 << 20;  // cache of the writing connection
    int page_bytes = 16384;          // page size of a new file
    Checkpointer::Limits checkpoints = {};
  };
  static Result<std::unique_ptr<Database>> open(const Params& params);
  ~Database();

  /// Runs `body` in a transaction that holds the write lock. Commits when `body` succeeds, else rolls back and returns
  /// its error. Error `unavailable` "outcome is unknown": the commit itself failed, or one of the open files is no
  /// longer at its path, where a restart would look for it, or was overwritten; the changes may be in effect after a
  /// restart. Error `unavailable` without these words: nothing was written; so too when the log was cut, and as long as
  /// ping() says that the database is damaged.
  Result<void> transaction(const std::function<Result<void>(Connection&)>& body);
  ReadPool::Lease read() { return readers_.lease(); }

  /// Checks that the open files are the ones at their paths, that no other program wrote over them, and that the file
  /// can be read. If the last write failed with `unavailable`, or the last ping(), it checks that the file can be
  /// written, too.
  Result<void> ping();

 private:
  struct Connections {
    Connection writer;
    Connection checkpoints;
    std::vector<Connection> readers;
  };
  struct Guards {
    OpenFiles files;
    LogGuard log;
    std::unique_ptr<OverwriteGuard> content;
  };
  Database(Connections connections, Guards guards, const Checkpointer::Limits& limits);
  Result<void> attempt(const std::function<Result<void>(Connection&)>& body);
  Result<void> look_again();
  Result<void> probe();
  Result<void> check_files();
  Result<void> prepare_checkpoint();
  bool save_log(const OpenFiles::Lost& lost);

  const OpenFiles files_;
  const LogGuard log_;
  TurnLock writing_;
  Connection writer_;
  const std::unique_ptr<OverwriteGuard> content_;  // closed before the writer: the last connection makes a checkpoint
  int64_t foreign_commits_;  // SQLite's data version: it changes when another connection has committed
  bool is_log_saved_ = false;
  Checkpointer checkpointer_;
  ReadPool readers_;
  std::atomic<bool> writes_fail_ = false;
};

}  // namespace vf::store::sqlite
