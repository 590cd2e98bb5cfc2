// Database: one SQLite file in use: the connection that writes, the readers' pool, the checkpointer. The stores stand
// on it. transaction() is called by one thread at a time in effect (others wait); read() and ping() by any thread.
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
#include "store/sqlite/turn_lock.h"

namespace vf::store::sqlite {

class Database {
 public:
  struct Params {
    std::string path;
    std::span<const Migration> migrations;  // applied on opening
    MigrationTarget target;
    Instant now;
    int readers = 4;
    int64_t cache_bytes = 16 << 20;  // of the writing connection
    int page_bytes = 16384;          // of a file that is created
    Checkpointer::Limits checkpoints = {};
  };
  static Result<std::unique_ptr<Database>> open(const Params& params);

  /// Runs `body` in a transaction that holds the write lock; commits when it answers true, else rolls back.
  /// Error `unavailable` "outcome unknown" when the commit itself fails: it may stand after a restart.
  Result<void> transaction(const std::function<Result<void>(Connection&)>& body);
  ReadPool::Lease read() { return readers_.lease(); }

  /// Reads; after a write that found the store away, tries a write too, so that the answer is about writing.
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
  std::atomic<bool> in_trouble_ = false;
};

}  // namespace vf::store::sqlite
