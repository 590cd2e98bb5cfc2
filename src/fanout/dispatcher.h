// Dispatcher: delivers the outbox to one target. A single-threaded state machine over ports: TargetWorker gives it a
// thread, tests and the simulation drive it step by step. It reads rows into Batches, only as many as the window needs;
// Sender delivers them; TargetCursor passes an event only when it is delivered, skipped, deferred or dead-lettered;
// TargetMode says whether rows are sent, skipped or left. Every durable write goes through the committer. BacklogAge
// says when a backlog is so old that the target is detached.
#pragma once

#include <memory>
#include <optional>

#include "base/time.h"
#include "crypto/standard_webhooks.h"
#include "fanout/backlog_age.h"
#include "fanout/batches.h"
#include "fanout/dispatcher_ports.h"
#include "fanout/durable_writes.h"
#include "fanout/sender.h"
#include "fanout/status.h"
#include "fanout/store_backoff.h"
#include "fanout/target.h"
#include "fanout/target_cursor.h"
#include "fanout/target_mode.h"
#include "fanout/tuning.h"
#include "outbox/writer.h"

namespace vf::fanout {

class Dispatcher {
 public:
  /// Error `invalid`: the target has no secret, or one that is malformed.
  static Result<std::unique_ptr<Dispatcher>> create(Target target, DispatcherPorts ports, Tuning tuning);

  /// Reports that events up to `newest` are committed, though they may not be final yet. Commits of other processes are
  /// found by polling, ten times a second.
  void saw_commit(Position newest) { committed_ = std::max(committed_, newest); }
  /// Does what can be done now. Call it again after a commit, after any completion, or when the returned time has
  /// passed.
  Millis step();
  Status status() const;

  /// Sets the mode as TargetMode::order() does. A mode that another process persists is in force within two seconds.
  void set_mode(Mode mode, outbox::OnDone on_done) { mode_.order(mode, std::move(on_done)); }
  /// Returns the target to its configured mode, or to live if that is paused; ends detachment.
  void resume(outbox::OnDone on_done) { mode_.order(std::nullopt, std::move(on_done)); }
  /// An operator has retried a dead letter of this event, or set it aside.
  void row_changed(Uuid event_id) { sender_.row_changed(event_id); }

  /// Stops reading and sending. Requests in flight are still finished, and the cursor is moved over what they deliver.
  void stop() { is_stopping_ = true; }
  bool is_idle() const;

 private:
  Dispatcher(Target target, DispatcherPorts ports, crypto::WebhookSigner signer, Tuning tuning);

  void load();
  void watch_store();
  void check_age();
  bool read_and_send();
  bool wants_rows() const;
  bool holds_as_much_as_it_may() const;
  bool read();
  void begin_at(Position cursor);
  store::SkipReason skip_reason_of(const store::OutboxRow& row) const;
  Millis until_next(bool is_more_to_read) const;

  const Target target_;
  const DispatcherPorts ports_;
  const Tuning tuning_;
  Status status_;
  StoreBackoff store_;
  Batches batches_;
  DurableWrites writes_;
  TargetMode mode_;
  TargetCursor cursor_;
  BacklogAge age_;
  Sender sender_;

  Position committed_;
  bool is_stopping_ = false;
  SteadyTime next_poll_{0};   // when to poll the outbox for commits that were not reported
  SteadyTime next_watch_{0};  // when to read the mode and cursor that other processes may have changed
  SteadyTime next_age_check_{0};
  std::optional<Instant> oldest_unread_;  // receipt of the oldest row after the cursor, set while no row is read
};

}  // namespace vf::fanout
