// The committer: every write to the shared store goes through here, so that events, cursors and bookkeeping share
// transactions. commit() decides and is single-threaded (a simulation drives it); Committer gives it threads, and
// afterwards counts, reports failures and wakes the followers.
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
  Instant deadline = Instant::max();  // past it the write is not begun: `unavailable`
  OnWritten done;
};

/// What one call of commit() did.
struct CommitReport {
  size_t added = 0, duplicates = 0, expired = 0, failed = 0;
  Position newest;                     // of the events added
  std::optional<Error> store_failure;  // the newest failure of the store itself, not of one write (invalid, conflict)
};

/// Writes `batch` in one transaction and completes each item: events first, sorted by id (two replicas that insert in
/// different order would deadlock), repeats inside the batch written once and reported as `duplicate`; then the other
/// writes in their order. A write that the store refuses for itself (invalid, conflict) is completed with the error and
/// left out, the rest is written; when the store is away all are `unavailable`.
CommitReport commit(store::OutboxStore& store, std::vector<PendingWrite> batch, Instant now);

/// A consumer of this process that a commit wakes, so that it need not wait for its next poll.
class Follower {
 public:
  virtual ~Follower() = default;
  /// Events up to `newest` are committed. Called after every commit that added events; must be cheap.
  virtual void wake(Position newest) = 0;
};

/// Thread safe. Writes of our own are applied in order, also with several lanes.
class Committer final : public Writer {
 public:
  struct Params {
    store::OutboxStore& store;
    const obs::Services& services;
    concurrency::BatchQueueParams limits = {};
  };
  explicit Committer(Params params);

  /// An event from outside. False when the queue is full or the committer drains: `done` will not be called.
  bool add(store::AddEvent event, Instant deadline, OnWritten done);
  /// A write of our own (cursors, exceptions, settings): never refused for want of room. After drain(): `unavailable`.
  void write(store::Write write, OnWritten done) override;
  /// Commits what waits and stops.
  void drain() { queue_.drain(); }

  /// `follower` is woken by every commit from now on. Before the first event is received; it outlives the committer's
  /// use.
  void add_follower(Follower& follower) { followers_.push_back(&follower); }
  /// Why the store failed a write in the last seconds; empty: it did not. For the store's health check.
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
