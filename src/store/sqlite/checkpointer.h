// Checkpointer: moves the write-ahead log into the database on a thread and connection of its own, off the committer's
// path. PASSIVE after every 8 MiB of log; above 64 MiB also RESTART, so that the log is reused from its beginning.
// Thread safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/turn_lock.h"

namespace vf::store::sqlite {

class Checkpointer {
 public:
  struct Limits {
    int64_t passive_bytes = 8 << 20;
    int64_t restart_bytes = 64 << 20;
  };
  /// `writing` is what the committer holds in its transactions.
  Checkpointer(Connection db, TurnLock& writing, const Limits& limits);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Told after each commit: how many pages the log holds.
  void committed(int64_t log_pages);

 private:
  bool is_due() const;
  void run(const std::stop_token& stop);
  int64_t checkpoint();

  Connection db_;
  TurnLock& writing_;
  const Limits limits_;
  const int64_t page_bytes_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int64_t log_pages_ = 0;        // now
  int64_t attempted_pages_ = 0;  // at the last attempt: a reader that holds it up must not make it spin
  std::jthread thread_;
};

}  // namespace vf::store::sqlite
