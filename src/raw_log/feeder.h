// Feeder: copies the outbox to the raw log, each event exactly once in effect. A single-threaded state machine
// over ports: Worker gives it a thread, tests and the simulation drive it step by step.
//
// A batch is cut, pinned (its range written down through the committer), inserted, and only then the cursor moves.
// After any failure, and at the start, the machine forgets what it holds and asks the store again. Of what may be in
// the log already it reads which ids are there and inserts the missing: a pinned range, and, when the cursor does not
// stand where this machine left it (a start, an operator's move), all that is in the outbox at that moment.
//
// Rows that the lake refuses (any error but unavailable) are halved until the guilty one stands alone at the cursor; it
// becomes a dead letter of the consumer "raw-log" and the cursor passes it. Every attempt to store a dead letter again
// asks for its id first. A lake that refuses one row after the other and takes none in between is itself the trouble:
// from then on no row dies; the cursor stands, each probe tries another row behind it, and the first taken ends it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::raw_log {

struct FeederParams {
  size_t rows_max = 10'000;      // of one batch: small ones cost double
  size_t bytes_max = 16u << 20;  // of the bodies and headers held in memory; one event is always taken
  Millis linger{1'000};          // a batch that is not full waits this long after its oldest event's commit
  Millis poll{1'000};            // how often an empty outbox is looked at when nobody wakes the feeder
  Millis backoff_first{250};
  Millis backoff_max{30'000};
  int refusals_max = 5;        // rows refused alone in a row, none taken between, before it is the lake
  lake::Retention retention;   // names the class each event is filed under
  std::string config_version;  // digest of the configuration in force
};

struct FeederStatus {
  std::optional<Position> cursor;  // unknown until the store has answered
  store::Backlog backlog;          // as of the last look, a few seconds ago at most
  int64_t rows_inserted = 0;       // since the start
  int64_t batches = 0;
  int64_t repairs = 0;     // batches that had been begun by an earlier attempt
  int64_t dead = 0;        // rows that became dead letters, since the start
  int failures = 0;        // in a row; 0: all is well
  std::string last_error;  // of the failures in a row
  std::string alarm;       // what needs a person, since the start; empty: nothing
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

  /// Does what can be done now, at most one batch of work. Call again after a commit, after a completion of a write,
  /// and when the returned time is up.
  Millis step();
  const FeederStatus& status() const { return status_; }

  /// From now on no batch waits for more events: for draining.
  void hurry() { hurrying_ = true; }
  /// The last look found nothing to copy, and nothing is under way.
  bool is_caught_up() const { return caught_up_; }

 private:
  using SteadyTime = std::chrono::nanoseconds;
  enum class Phase { finding, gathering, inserting };
  static constexpr Millis kWhileWriting{60'000};  // the completion wakes us

  Millis find();
  Result<void> look_for_gap(Position cursor);
  Millis gather();
  Millis idle();
  Millis pin();

  Millis insert_batch();
  Result<bool> read_piece();
  Result<bool> is_put_aside(Uuid event_id);
  Result<std::vector<const Event*>> missing(std::span<const store::OutboxRow> rows);
  Result<void> insert(const std::vector<const Event*>& events);
  void advance(Position to, size_t count);

  Millis refused(const Error& error);
  bool refuses_everything() const { return refusals_ >= params_.refusals_max; }
  void note_refusal(Uuid event_id);
  std::string trouble(const Error& error) const;
  Millis probe();
  std::optional<Millis> retry_due();
  Millis retry(store::PutDelivery row);

  void write(store::Write what, std::move_only_function<void()> then);
  Millis fail(const Error& error);
  Millis back_off(std::string why);
  void is_well();
  void look_at_backlog();
  Millis until(SteadyTime when) const;
  SteadyTime linger_end(Instant oldest) const;

  const Ports ports_;
  const FeederParams params_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may come after our end

  Phase phase_ = Phase::finding;
  bool writing_ = false;  // a write is with the committer
  bool hurrying_ = false;
  bool caught_up_ = false;
  SteadyTime resume_at_{0};
  SteadyTime next_look_{0};
  SteadyTime next_retry_look_{0};
  bool retry_was_last_ = false;          // retries and batches take turns
  Position cursor_;                      // once found
  Position pinned_to_;                   // end of the open pin, while inserting
  bool repairing_ = false;               // that pin was found, not made
  Position unsure_to_;                   // rows up to here may be in the log: ask before inserting
  std::vector<store::OutboxRow> batch_;  // behind the cursor, not yet in the log
  size_t batch_bytes_ = 0;
  size_t piece_max_ = SIZE_MAX;  // rows of the pinned range tried at once: halved while a guilty one is looked for
  int refusals_ = 0;             // rows refused alone since the last one was taken
  Uuid refused_last_;
  Position probed_to_;          // the row that the last probe tried
  SteadyTime linger_until_{0};  // of the batch
  int64_t attempts_ = 1;        // of the batch behind the cursor
  Instant began_;
  FeederStatus status_;
};

}  // namespace vf::raw_log
