// The committer: every write to the shared store goes through it, so that events, cursors and bookkeeping share
// transactions. commit() writes one batch and is single-threaded (the simulation calls it directly). Committer runs it
// on threads of its own, and after each batch counts, reports failures and wakes the followers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"
#include "watch/store_failure.h"

namespace vf::outbox {

/// One write that waits for its transaction. `done` is called exactly once.
struct PendingWrite {
  store::Write write;
  Instant deadline = Instant::max();  // a batch that begins later fails this write with `unavailable`
  OnWritten done;
};

/// Counts what one call of commit() did.
struct CommitReport {
  size_t added = 0, duplicates = 0, expired = 0, failed = 0;
  Position newest;                     // position of the newest event added
  std::optional<Error> store_failure;  // the newest failure of the store itself; a refused write is none
};

/// Writes `batch` in one transaction and completes each write. Events come first, sorted by id, because two replicas
/// that insert in different order would deadlock; an event that the batch holds several times is written once, and its
/// repeats are reported as `duplicate`. The other writes follow in their order. When the store refuses one write
/// (invalid, conflict), that write is completed with the error and the others are written without it. When the store is
/// away, all are completed with `unavailable`.
CommitReport commit(store::OutboxStore& store, std::vector<PendingWrite> batch, Instant now);

/// A consumer of this process that a commit wakes, so that it need not wait for its next poll.
class Follower {
 public:
  virtual ~Follower() = default;
  /// Events up to `newest` are committed. Called after every commit that added events; must be cheap.
  virtual void wake(Position newest) = 0;
};

/// Queues writes and commits them in batches. Thread safe. Writes given to write() are applied in their order, also
/// when the queue has several lanes.
class Committer final : public Writer {
 public:
  struct Params {
    store::OutboxStore& store;
    const obs::Services& services;
    concurrency::BatchQueueParams limits = {};
  };
  explicit Committer(Params params);

  /// Queues an event from a provider. Returns false when the queue is full or the committer drains; `done` is then not
  /// called.
  bool add(store::AddEvent event, Instant deadline, OnWritten done);
  /// Queues a write of this process (a cursor, a retry or dead letter, a setting), also when the queue is full. After
  /// drain() the write completes with `unavailable`.
  void write(store::Write write, OnWritten done) override;
  /// Commits the writes that wait, then stops.
  void drain() { queue_.drain(); }

  /// Every later commit wakes `follower`, which must outlive the last commit. Not thread safe: to be called before the
  /// first event is received.
  void add_follower(Follower& follower) { followers_.push_back(&follower); }
  /// Returns why a write failed in the last seconds; empty: none did. For the store's health check.
  std::string recent_failure() const { return failure_.reason(services_.clock.steady()); }

 private:
  void commit_batch(std::vector<PendingWrite> batch);
  void report(const CommitReport& report);

  store::OutboxStore& store_;
  const obs::Services services_;
  obs::Histogram &seconds_, &events_;
  watch::StoreFailure failure_;
  std::vector<Follower*> followers_;
  concurrency::BatchQueue<PendingWrite> queue_;  // last: its threads use everything above
};

}  // namespace vf::outbox
