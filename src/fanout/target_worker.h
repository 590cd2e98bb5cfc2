// TargetWorker: runs one Dispatcher on a thread of its own, over HTTP. It wakes on commits, answers and completed
// writes, and polls the outbox ten times a second for events that another process commits. Every public call is thread
// safe.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "fanout/dispatcher.h"
#include "fanout/target_client.h"
#include "fanout/totals.h"

namespace vf::fanout {

class TargetWorker {
 public:
  struct Params {
    store::OutboxStore& outbox;
    outbox::Writer& writer;                // may complete on any thread
    std::unique_ptr<http::Client> client;  // make_client(), or a test's own
    const Clock& clock;
    uint64_t seed = 0;  // for the jitter of retries
    TrustedNow trusted_now;
    Tuning tuning{};
    OnDead on_dead{};                                             // called on the worker's thread
    std::shared_ptr<Totals> totals = std::make_shared<Totals>();  // of the target's workers before this one
  };
  /// Error `invalid`: the target has no secret, or one that is malformed.
  static Result<std::unique_ptr<TargetWorker>> start(Target target, Params params);
  ~TargetWorker() { drain(Millis{0}); }

  /// Reports that events up to `newest` are committed. Cheap enough to be called for every commit.
  void wake(Position newest);
  Status status() const;

  /// The next three act as the calls of Dispatcher with these names. `on_done` is called on the worker's thread, when
  /// status() has the new mode already. After
  /// drain() it is called at once, with `unavailable`. It is never called if the worker is drained before the store
  /// answers.
  void set_mode(Mode mode, outbox::OnDone on_done);
  void resume(outbox::OnDone on_done);
  void row_changed(Uuid event_id);

  /// Stops sending, waits up to `at_most` for the requests in flight, moves the cursor over them and ends the thread.
  void drain(Millis at_most);

 private:
  class Mailbox;
  explicit TargetWorker(Params params);
  void run();
  void publish_status();
  outbox::OnDone once_visible(outbox::OnDone on_done);
  Position committed() const;
  void post(std::move_only_function<void()> task, outbox::OnDone on_closed);

  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  SeededRandom random_;
  std::shared_ptr<Mailbox> mailbox_;  // shared with completions of writes, which may come after the worker's end
  outbox::ThreadBoundWriter writer_;
  const std::shared_ptr<Totals> totals_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::atomic<bool> woken_{false};
  std::optional<SteadyTime> stop_at_;  // used only by the worker's thread
  mutable std::mutex mutex_;
  Status status_;
  Position committed_;  // the newest event that the worker was woken for
  std::mutex draining_;
  std::jthread thread_;
};

}  // namespace vf::fanout
