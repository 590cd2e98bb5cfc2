// Feeder: copies the outbox to the raw log, each event exactly once in effect. A single-threaded state machine over
// ports: Worker gives it a thread; tests and the simulation drive it step by step.
//
// A batch is read from the outbox, pinned (its range is recorded through the committer) and inserted; only then does
// the cursor move. After any failure, and when the process starts, the feeder drops its state and reads it from the
// store again. Events that may be in the log already are looked up there first, and only the missing ones are inserted.
// This concerns the events of a range that was pinned before and, when the cursor is not where this feeder left it (at
// its start, or after an operator's move), every event that the outbox holds at that moment.
//
// Whose fault a failed insert is, the retry rule decides (retry/rule.h). A failed batch is inserted in ever smaller
// pieces until the faulty row stands alone at the cursor. Then the feeder probes rows after it, without moving the
// cursor. When the lake has stored another row and fails the faulty one again, a delivery of the consumer "raw-log" is
// recorded in the store (PutDelivery): the faulty row waits there for other attempts, and the cursor passes it. Before
// a row is inserted again, its id is looked up in the log.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "outbox/waiting_rows.h"
#include "outbox/writer.h"
#include "raw_log/batch.h"
#include "raw_log/inserter.h"
#include "raw_log/probes.h"
#include "retry/rule.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

struct FeederParams {
  BatchLimits batch;
  Millis linger{1'000};  // a batch that is not full waits until its oldest event is this old
  Millis poll{1'000};    // how often an empty outbox is read when there is no wake-up
  // One insert at a time; events_max is set from `batch`.
  retry::Params retry{.window_max = 1, .first = Millis{250}, .longest = Millis{30'000}};
  lake::RetentionPolicy retention;  // gives each event its retention class
};

struct FeederStatus {
  std::optional<Position> cursor;  // unknown until the store has answered
  store::Backlog backlog;          // a few seconds old at most
  int64_t rows_inserted = 0;       // since the feeder's start, as are the counts of batches, repairs and dead letters
  int64_t batches = 0;
  int64_t repairs = 0;     // pieces inserted of ranges that an earlier attempt had pinned
  size_t waiting = 0;      // rows that failed alone and wait for another attempt now
  int64_t dead = 0;        // rows that became dead letters
  int failures = 0;        // in a row; 0: healthy
  std::string last_error;  // of the last of these failures
  std::string alarm;       // what an operator must attend to, until the next start; empty: nothing
};

class Feeder {
 public:
  struct Ports {
    store::OutboxStore& outbox;  // reads only
    outbox::Writer& writer;      // completions on the feeder's thread, never inside the call
    lake::RawLog& lake;
    const Clock& clock;
    Random& random;
  };
  Feeder(Ports ports, FeederParams params);

  /// Does what can be done now, at most one batch of work. Call it again after a commit, after a completion of a write,
  /// or when the returned time has passed.
  Millis step();
  const FeederStatus& status() const { return status_; }

  /// From now on no batch waits for more events. Used for draining.
  void hurry() { hurrying_ = true; }
  /// Returns true when the last read found nothing to copy and no write is under way.
  bool is_caught_up() const { return caught_up_; }

 private:
  enum class Phase { finding, gathering, inserting };
  static constexpr Millis kWhileWriting{60'000};  // step()'s result then; the completion wakes the feeder earlier

  Millis find();
  Result<void> check_gap(Position cursor);
  Millis gather();
  Millis idle();
  Millis pin();

  Millis insert_batch();
  Result<void> read_piece();
  void advance(Position to, size_t count);

  Millis send();
  /// Inserts `events`, which began with began() as `request`.
  Result<void> attempt(uint64_t request, const std::vector<const Event*>& events);
  Millis piece_failed(const Error& error);
  bool is_stuck() const { return stuck_at_ && !rule_.lane().held().empty(); }
  Millis probe();
  Millis retry_revived();
  Millis retry_alone(Uuid event_id);
  Millis stored(const store::PutDelivery& row);
  Millis lost(const store::PutDelivery& row);
  Millis write_change();

  retry::Time time() const { return {.wall = ports_.clock.now(), .steady = ports_.clock.steady()}; }
  void write(store::Write what, std::move_only_function<void()> then);
  Millis fail(const Error& error);
  Millis pause();
  void clear_failures();
  void poll_backlog();
  Millis until(SteadyTime when) const;
  SteadyTime linger_end(Instant oldest) const;

  const Ports ports_;
  const FeederParams params_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may come after the feeder's end

  Phase phase_ = Phase::finding;
  bool writing_ = false;  // a write is with the committer
  bool hurrying_ = false;
  bool caught_up_ = false;
  SteadyTime resume_at_{0};
  SteadyTime next_backlog_poll_{0};
  Position cursor_;         // valid once Phase::finding is over
  Position pinned_to_;      // end of the open pin, while inserting
  bool repairing_ = false;  // that pin was found in the store, not made by this feeder
  Inserter inserter_;
  Batch batch_;                  // rows after the cursor
  size_t piece_max_ = SIZE_MAX;  // rows of one piece at most; back to this when the pinned range is done
  Position failed_to_;           // rows up to here have been part of a failed insert
  SteadyTime linger_until_{0};   // when the batch waits no longer for more events
  int64_t attempts_ = 1;         // to insert the batch
  Instant began_;

  retry::Rule rule_;
  outbox::WaitingRows rows_;
  bool rows_are_loaded_ = false;
  std::deque<retry::Rule::Change> changes_;  // rows that must be written
  bool revived_was_last_ = false;            // retried dead letters and batches take turns
  std::optional<Position> stuck_at_;         // of the row at the cursor that failed alone, until the cursor passes it
  Probes probes_;
  FeederStatus status_;
};

}  // namespace vf::raw_log
