// The committer: every write to the shared store goes through here, so that events, cursors and bookkeeping share
// transactions. commit() decides and is single-threaded (a simulation drives it); Committer gives it a thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::outbox {

/// One write that waits for its transaction, and whoever wants to know. `done` is called exactly once.
struct PendingWrite {
  store::Write write;
  Instant deadline = Instant::max();  // past it the write is not begun: `unavailable`
  OnWritten done;
};

/// What one call of commit() did.
struct CommitReport {
  size_t added = 0, duplicates = 0, expired = 0, failed = 0;
  Position newest;               // of what was added
  std::optional<Error> trouble;  // the newest failure that is the store's, not a write's own (invalid, conflict)
};

/// Writes `batch` in one transaction and answers each item: events first, sorted by id (two replicas that insert in
/// different order would deadlock), repeats inside the batch written once and answered `duplicate`; then the other
/// writes in their order. A write that the store refuses for itself (invalid, conflict) is answered and left out, the
/// rest is written; when the store is away all are answered `unavailable`.
CommitReport commit(store::OutboxStore& store, std::vector<PendingWrite> batch, Instant now);

/// Thread safe. Writes of our own are done in order, also with several lanes.
class Committer final : public Writer {
 public:
  struct Params {
    store::OutboxStore& store;
    const Clock& clock;
    concurrency::BatchQueueParams limits;
    std::function<void(const CommitReport&, std::chrono::nanoseconds took)> on_commit;  // on a committer's thread
  };
  explicit Committer(Params params);

  /// An event from outside. False when the queue is full or the committer drains: `done` will not be called.
  bool add(store::AddEvent event, Instant deadline, OnWritten done);
  /// A write of our own (cursors, exceptions, settings): never refused for want of room. After drain(): `unavailable`.
  void write(store::Write write, OnWritten done) override;
  /// Commits what waits and stops.
  void drain() { queue_.drain(); }
  size_t waiting() const { return queue_.waiting(); }

 private:
  Params params_;
  concurrency::BatchQueue<PendingWrite> queue_;
};

}  // namespace vf::outbox
