// RawLogFeeder: copies the outbox to the raw log, each event exactly once in effect. A single-threaded state machine
// over ports: RawLogWorker gives it a thread, tests and the simulation drive it step by step.
//
// A batch is cut, pinned (its range written down through the committer), inserted, and only then the cursor moves.
// After any failure, and at the start, the machine forgets what it holds and asks the store again: an open pin means
// that an unknown part of that range may be in the log already, so it reads which ids are there and inserts the
// missing. Nothing beyond the pin can be there, so only pinned ranges are ever asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "store/outbox_store.h"

namespace vf::ingest {

struct RawLogFeederParams {
  size_t rows_max = 10'000;      // of one batch: small ones cost double
  size_t bytes_max = 16u << 20;  // of the bodies and headers held in memory; one event is always taken
  Millis linger{1'000};          // a batch that is not full waits this long after its oldest event's commit
  Millis poll{1'000};            // how often an empty outbox is looked at when nobody wakes the feeder
  Millis backoff_first{250};
  Millis backoff_max{30'000};
  lake::Retention retention;   // names the class each event is filed under
  std::string config_version;  // digest of the configuration in force
};

struct RawLogStatus {
  std::optional<Position> cursor;  // unknown until the store has answered
  store::Backlog backlog;          // as of the last look, a few seconds ago at most
  int64_t rows_inserted = 0;       // since the start
  int64_t batches = 0;
  int64_t repairs = 0;     // batches that had been begun by an earlier attempt
  int failures = 0;        // in a row; 0: all is well
  std::string last_error;  // of the failures in a row
  std::string alarm;       // what needs a person, since the start; empty: nothing
};

class RawLogFeeder {
 public:
  struct Ports {
    store::OutboxStore& outbox;  // reads only
    store::WriteOutbox write;    // completions on the feeder's thread, never inside the call
    lake::RawLog& lake;
    const Clock& clock;
    Random& random;
  };
  RawLogFeeder(Ports ports, RawLogFeederParams params);

  /// Does what can be done now, at most one batch of work. Call again after a commit, after a completion of a write,
  /// and when the returned time is up.
  Millis step();
  const RawLogStatus& status() const { return status_; }

  /// From now on no batch waits for more events: for draining.
  void hurry() { hurrying_ = true; }
  /// The last look found nothing to copy, and nothing is under way.
  bool is_caught_up() const { return caught_up_; }

 private:
  using Steady = std::chrono::nanoseconds;
  enum class Phase { finding, repairing, gathering, inserting };

  Millis find();
  Result<bool> look_for_gap(Position cursor);
  Millis gather();
  Millis pin();
  Millis insert_batch();
  Millis repair();
  Result<std::vector<store::OutboxRow>> read_pinned();
  Result<std::vector<const Event*>> missing(const std::vector<store::OutboxRow>& rows);
  Result<bool> insert(const std::vector<const Event*>& events);
  void advance(Position to, size_t count);
  void write(store::Write what, std::move_only_function<void()> then);
  Millis fail(const Error& error);
  void look_at_backlog();
  Millis until(Steady when) const;
  Steady linger_end(Instant oldest) const;

  const Ports ports_;
  const RawLogFeederParams params_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may come after our end

  Phase phase_ = Phase::finding;
  bool writing_ = false;  // a write is with the committer
  bool hurrying_ = false;
  bool caught_up_ = false;
  Steady resume_at_{0};
  Steady next_look_{0};
  Position cursor_;                      // once found
  std::optional<store::PinBatch> pin_;   // open, found by find()
  std::vector<store::OutboxRow> batch_;  // behind the cursor, not yet in the log
  size_t batch_bytes_ = 0;
  Steady linger_until_{0};  // of the batch
  int64_t attempts_ = 1;    // of the batch behind the cursor
  Instant began_;
  RawLogStatus status_;
};

}  // namespace vf::ingest
