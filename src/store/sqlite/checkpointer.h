// Checkpointer: copies the write-ahead log into the database on a thread and connection of its own, so that the
// committer need not. It runs a PASSIVE checkpoint after every 8 MiB of log; when the log is longer than 64 MiB it also
// runs RESTART, so that the log is written from its beginning again.
// TurnLock: the lock that committer and checkpointer share. Both classes are thread safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

/// A mutex that is fair between two threads. The committer takes the lock again as soon as it has released it; with a
/// plain mutex, or with SQLite's own lock, the checkpointer would starve.
class TurnLock {
 public:
  /// A thread holds `door_` while it waits for `held_`, so the previous owner cannot take the lock again before it.
  std::unique_lock<std::mutex> take() {
    const std::lock_guard door(door_);
    return std::unique_lock(held_);
  }

 private:
  std::mutex door_;
  std::mutex held_;
};

class Checkpointer {
 public:
  struct Limits {
    int64_t passive_bytes = 8 << 20;
    int64_t restart_bytes = 64 << 20;
  };
  struct Parts {
    Connection db;
    TurnLock& writing;                        // the committer holds it during its transactions
    std::function<Result<void>()> may_begin;  // asked before each checkpoint; without the turn; error: none is made
  };
  Checkpointer(Parts parts, const Limits& limits);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Call it after each commit, with the number of pages in the log.
  void committed(int64_t log_pages);

 private:
  bool is_due() const;
  void run(const std::stop_token& stop);
  int64_t checkpoint();

  Connection db_;
  TurnLock& writing_;
  const std::function<Result<void>()> may_begin_;
  const Limits limits_;
  const int64_t page_bytes_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int64_t log_pages_ = 0;  // pages in the log at the last commit
  int64_t attempted_pages_ =
      0;  // pages in the log at the last attempt: they keep the thread from spinning while a reader blocks checkpoints
  std::jthread thread_;
};

}  // namespace vf::store::sqlite
