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

  /// Runs `body` in a transaction that holds the write lock. Commits when `body` succeeds, else rolls back and returns
  /// its error. Error `unavailable` "outcome is unknown": the commit itself failed; its changes may be in effect after
  /// a restart.
  Result<void> transaction(const std::function<Result<void>(Connection&)>& body);
  ReadPool::Lease read() { return readers_.lease(); }

  /// Checks that the file can be read. If the last write failed with `unavailable`, it checks instead that the file can
  /// be written.
  Result<void> ping();

 private:
  struct Connections {
    Connection writer;
    Connection checkpoints;
    std::vector<Connection> readers;
  };
  Database(Connections connections, const Checkpointer::Limits& limits);
  Result<void> attempt(const std::function<Result<void>(Connection&)>& body);
  Result<void> probe();

  TurnLock writing_;
  Connection writer_;
  Checkpointer checkpointer_;
  ReadPool readers_;
  std::atomic<bool> writes_fail_ = false;
};

}  // namespace vf::store::sqlite
