// Worker: runs a Feeder on a thread of its own. Every public call is thread safe.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "raw_log/feeder.h"

namespace vf::raw_log {

class Worker {
 public:
  struct Params {
    store::OutboxStore& outbox;
    outbox::Writer& writer;  // may complete on any thread, also after the worker's end
    lake::RawLog& lake;
    const Clock& clock;
    uint64_t seed = 0;  // for the jitter of retries
    FeederParams feeder;
  };
  explicit Worker(Params params);
  ~Worker() { drain(Millis{0}); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Wakes the feeder: events were committed, or a dead letter is to be retried. Cheap enough to be called for every
  /// commit.
  void wake();
  void wake(Position /*newest*/) { wake(); }
  FeederStatus status() const;
  /// Copies the remaining events, for at most this long, and ends the thread once an insert under way is finished.
  /// Events that are then left are copied after the next start.
  void drain(Millis at_most);

 private:
  class Mailbox;
  void run();

  const Clock& clock_;
  SeededRandom random_;
  std::shared_ptr<Mailbox> mailbox_;  // shared with completions of writes, which may outlive the worker
  outbox::ThreadBoundWriter writer_;
  Feeder feeder_;
  mutable std::mutex mutex_;
  FeederStatus status_;
  std::mutex draining_;
  std::jthread thread_;  // last: uses the other members
};

}  // namespace vf::raw_log
