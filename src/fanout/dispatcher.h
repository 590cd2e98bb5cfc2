// Dispatcher: delivers the outbox to one target. A single-threaded state machine over ports: TargetWorker gives it a
// thread, tests and the simulation drive it step by step. Reads ahead only as its window needs; every durable write
// goes through the committer; the cursor passes an event only when it is delivered or written down as an exception.
//
// The target's trouble backs the whole target off and moves nothing. The events' own trouble (400, 413, 422) is halved
// until the guilty event is alone: a dead letter. A receiver of single events gets its failures again from the retry
// lane, a bounded number of times; there a 500 may be the event's own fault, so such an event steps aside too, but
// only attempts made while the target is otherwise well count towards its death: an outage kills nothing. What is left
// then ends when the outbox no longer holds it.
//
// A target that refuses one event after the other and takes none in between (a proxy that answers 400 to everything)
// is itself the trouble: from then on no event dies. Refused ones wait, each probe tries another, fresh ones and
// retries alike, without counting an attempt; a delivery or an operator ends it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "crypto/standard_webhooks.h"
#include "fanout/answer.h"
#include "fanout/batches.h"
#include "fanout/breaker.h"
#include "fanout/durable_writes.h"
#include "fanout/retry_lane.h"
#include "fanout/status.h"
#include "fanout/target.h"
#include "http/client.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Sends a request. `done` is called once, later, on the dispatcher's thread; never inside the call.
using Transport = std::function<void(http::Outgoing request, http::Completion done)>;

/// Hears of each event that becomes a dead letter, with a reason that quotes nobody.
using OnDead = std::function<void(Uuid event_id, const std::string& reason)>;

/// The write that gives a target its cursor, once: where its `start` says at the moment of the commit. Nothing to one
/// that has a cursor.
store::StartConsumer start_of(const Target& target);

/// The key of the setting that keeps a target's mode over restarts.
std::string mode_setting(const std::string& target);

/// The mode that the store's settings order of a target; where they order none, the configured one.
Mode ordered_mode(const std::vector<store::PutSetting>& settings, const Target& target);

/// Orders a mode (nullopt: back to what is configured) of a target that another process works on: that process sees it
/// within a second or two. Errors as Dispatcher::set_mode().
void order_mode(outbox::Writer& writer, const Target& target, std::optional<Mode> mode, outbox::OnDone on_done);

/// The defaults are those of the configuration, so that what tests and the simulation run is what production runs.
struct Tuning {
  Batches::Params batches;  // one_event_a_part follows the target
  Breaker::Params breaker;
  int64_t single_attempts_max = 20;  // about two days with retry_delay(); then a dead letter
  int strikes_max = 5;               // answers 500 in a row by a receiver of single events that count as its trouble
  int refusals_max = 5;              // fresh events refused in a row, none delivered between, before it is the target
  int open_after = 5;                // failures in a row before the state is called open
};

class Dispatcher {
 public:
  struct Ports {
    store::OutboxStore& outbox;  // reads only
    outbox::Writer& writer;      // completions on the dispatcher's thread, never inside the call
    Transport send;
    const Clock& clock;
    Random& random;
    OnDead on_dead = {};  // may be empty
  };
  /// Error `invalid`: a secret is none.
  static Result<std::unique_ptr<Dispatcher>> create(Target target, Ports ports, Tuning tuning);

  /// Events up to this one are committed. What others commit is found by looking, several times a second.
  void saw_commit(Position newest) { committed_ = std::max(committed_, newest); }
  /// Does whatever can be done now. Call again after a commit, after any completion, and when the returned time is up.
  Millis step();
  Status status() const;

  /// Persisted, in force from the moment it is (also after a restart). `detached` is refused. What another process
  /// persists is in force within a second or two.
  void set_mode(Mode mode, outbox::OnDone on_done);
  /// Back to what is configured (live, if that is paused); ends detachment.
  void resume(outbox::OnDone on_done);
  /// Looks for retries that an operator has made due, whatever the time.
  void look_for_retries() { retries_.look_again(); }

  /// Sends and reads no more; what is in flight is finished and the cursor moved as far as it may.
  void stop() { stopping_ = true; }
  bool is_idle() const;

 private:
  enum class Phase { fresh, starting, loading, running };

  Dispatcher(Target target, Ports ports, crypto::WebhookSigner signer, Tuning tuning);

  using Answered = std::move_only_function<void(const Answer&)>;

  /// Why rows are passed over while is_mute().
  store::SkipReason skip_reason_of_mode() const {
    return mode_ == Mode::dry_run ? store::SkipReason::dry_run : store::SkipReason::detached;
  }
  store::SkipReason skip_reason_of(const store::OutboxRow& row) const;
  bool is_mute() const { return mode_ == Mode::dry_run || mode_ == Mode::detached; }
  bool store_answers() const;
  void store_failed(const Error& error);
  int64_t attempts_max() const;
  Millis until_next(bool more_to_read) const;

  void load();
  void pass_gap(Position purged);
  bool work();
  bool wants_rows() const;
  bool read();
  void begin_at(Position cursor);
  void send_what_may_be_sent();
  void send_part(PartRef ref);
  void send_retry(store::PutDelivery row);
  void transmit(std::span<const Uuid> ids, std::string body, Answered answered);

  void part_answered(PartRef ref, const Answer& answer);
  void retry_answered(store::PutDelivery row, const Answer& answer);
  bool refuses_everything() const { return refusals_ >= tuning_.refusals_max; }
  bool is_targets_trouble(const Answer& answer) const;
  int64_t note(const Answer& answer);
  void put_aside(store::PutDelivery row, const Answer& answer, std::function<void()> then);

  void advance();
  void find_cursor();
  void cursor_stands_at(Position cursor);
  void check_age();
  void move_to_present();

  void watch_store();
  Mode mode_of(const std::string& setting) const;
  void put_mode(std::optional<Mode> mode, outbox::OnDone on_done);
  void put_detached();

  const Target target_;
  const Ports ports_;
  const crypto::WebhookSigner signer_;
  const Tuning tuning_;
  const std::string config_version_;
  Breaker breaker_;
  Batches batches_;
  RetryLane retries_;
  DurableWrites writes_;

  Phase phase_ = Phase::fresh;
  Mode mode_;
  std::string setting_;  // of the mode, as the store was last seen to have it; empty: what is configured
  Position cursor_;
  Position committed_;           // somebody said that events up to here are; they may not be final yet
  SteadyTime next_look_{0};      // for events that nobody told of
  bool advancing_ = false;       // a move of the cursor is on its way to the store
  bool cursor_unknown_ = false;  // it failed: the store must be asked where the cursor stands
  bool detaching_ = false;       // the move to the present is still to be done
  int orders_ = 0;               // an operator's changes of mode on their way to the store
  bool stopping_ = false;
  bool gone_ = false;  // the last answer was 410
  size_t in_flight_ = 0;
  size_t retries_in_flight_ = 0;
  bool retry_was_last_ = false;
  int strikes_ = 0;
  int refusals_ = 0;  // fresh events put aside since the last delivery
  SteadyTime store_retry_at_{0};
  SteadyTime next_age_check_{0};
  SteadyTime next_watch_{0};
  std::optional<Instant> oldest_unread_;  // of the last look while nothing is read
  std::string detach_reason_;
  std::string gap_;  // what retention had removed before it was read; empty: nothing
  Status status_;
};

}  // namespace vf::fanout
