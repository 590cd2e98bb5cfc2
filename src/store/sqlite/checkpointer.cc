#include "store/sqlite/checkpointer.h"

#include <sqlite3.h>

namespace vf::store::sqlite {
namespace {

constexpr int64_t kPassiveBytes = 8 << 20;
constexpr int64_t kRestartBytes = 64 << 20;

int64_t page_bytes(Connection& db) {
  Query query = db.query("PRAGMA page_size");
  const auto row = query.step();
  return row && *row ? query.integer_at(0) : 4096;
}

}  // namespace

Checkpointer::Checkpointer(Connection db)
    : db_(std::move(db)), page_bytes_(page_bytes(db_)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Checkpointer::~Checkpointer() = default;

void Checkpointer::committed(int64_t log_pages) {
  const std::lock_guard lock(mutex_);
  if (log_pages < log_pages_) attempted_pages_ = 0;  // the log began anew
  log_pages_ = log_pages;
  if (log_pages_ - attempted_pages_ >= kPassiveBytes / page_bytes_) wake_.notify_one();
}

void Checkpointer::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto due = [this] { return log_pages_ - attempted_pages_ >= kPassiveBytes / page_bytes_; };
  while (wake_.wait(lock, stop, due) && !stop.stop_requested()) {
    lock.unlock();
    const int64_t seen = checkpoint();
    lock.lock();
    attempted_pages_ = std::min(seen, log_pages_);
  }
}

// Failures (disk full, a reader in the way) leave the log as it is: nothing is lost, and the next 8 MiB try again.
int64_t Checkpointer::checkpoint() {
  int log = 0;
  int done = 0;
  sqlite3_wal_checkpoint_v2(db_.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  // RESTART holds the committer up, but after PASSIVE only for what was committed meanwhile.
  if (log * page_bytes_ > kRestartBytes) {
    sqlite3_wal_checkpoint_v2(db_.raw(), nullptr, SQLITE_CHECKPOINT_RESTART, &log, &done);
  }
  return log;
}

}  // namespace vf::store::sqlite
