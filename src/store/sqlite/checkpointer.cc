#include "store/sqlite/checkpointer.h"

#include <sqlite3.h>

#include "platform/thread_name.h"

namespace vf::store::sqlite {
namespace {

int64_t page_bytes(Connection& db) {
  Query query = db.query("PRAGMA page_size");
  const auto row = query.step();
  return row && *row ? query.integer_at(0) : 4096;
}

}  // namespace

Checkpointer::Checkpointer(Parts parts, const Limits& limits)
    : db_(std::move(parts.db)),
      writing_(parts.writing),
      may_begin_(std::move(parts.may_begin)),
      limits_(limits),
      page_bytes_(page_bytes(db_)),
      thread_(platform::named_thread("checkpoint", [this](const std::stop_token& stop) { run(stop); })) {}

Checkpointer::~Checkpointer() = default;

void Checkpointer::committed(int64_t log_pages) {
  const std::lock_guard lock(mutex_);
  if (log_pages < log_pages_) attempted_pages_ = 0;  // SQLite has started the log again from its beginning
  log_pages_ = log_pages;
  if (is_due()) wake_.notify_one();
}

bool Checkpointer::is_due() const { return (log_pages_ - attempted_pages_) * page_bytes_ >= limits_.passive_bytes; }

void Checkpointer::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return is_due(); }) && !stop.stop_requested()) {
    lock.unlock();
    const int64_t seen = checkpoint();
    lock.lock();
    attempted_pages_ = std::min(seen, log_pages_);
  }
}

// Returns the number of pages in the log. A failed checkpoint (disk full, a reader that blocks) leaves the log as it
// is: nothing is lost, and the thread tries again after the next 8 MiB.
int64_t Checkpointer::checkpoint() {
  if (!may_begin_()) return INT64_MAX;
  int log = 0;
  int done = 0;
  sqlite3_wal_checkpoint_v2(db_.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  // RESTART blocks the committer, but only briefly: after PASSIVE it has to copy only the pages committed meanwhile.
  if (log * page_bytes_ > limits_.restart_bytes) {
    const auto turn = writing_.take();
    sqlite3_wal_checkpoint_v2(db_.raw(), nullptr, SQLITE_CHECKPOINT_RESTART, &log, &done);
  }
  return log;
}

}  // namespace vf::store::sqlite
