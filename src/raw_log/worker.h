// RawLogWorker: the thread that runs a RawLogFeeder. Every public call is thread safe.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "raw_log/feeder.h"

namespace vf::raw_log {

class RawLogWorker {
 public:
  struct Params {
    store::OutboxStore& outbox;
    store::WriteOutbox write;  // may complete on any thread, also after the worker's end
    lake::RawLog& lake;
    const Clock& clock;
    uint64_t seed = 0;  // of the jitter
    RawLogFeederParams feeder;
  };
  explicit RawLogWorker(Params params);
  ~RawLogWorker() { drain(Millis{0}); }
  RawLogWorker(const RawLogWorker&) = delete;
  RawLogWorker& operator=(const RawLogWorker&) = delete;

  /// Something was committed. Cheap, may be called for every commit.
  void wake();
  RawLogStatus status() const;
  /// Copies what is left, for at most this long, and ends the thread. An insert under way is finished first. What is
  /// left behind is copied after the next start.
  void drain(Millis at_most);

 private:
  class Mailbox;
  void run();

  const Clock& clock_;
  SeededRandom random_;
  std::shared_ptr<Mailbox> mailbox_;  // shared with completions of writes, which may outlive the worker
  RawLogFeeder feeder_;
  mutable std::mutex mutex_;
  RawLogStatus status_;
  std::mutex draining_;
  std::thread thread_;  // last: starts when everything above is ready
};

}  // namespace vf::raw_log
