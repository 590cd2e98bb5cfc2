// World: everything that is simulated for one seed, in one thread: a provider, two replicas of ingest, two
// environments, a foreign receiver, the raw log, the clock, and their faults. run() lets the seed decide what happens
// and checks the invariants after every step; then it ends all faults and checks that everything comes to rest in the
// one right state. Throws Violation.
//
// What is checked (docs/invariants.md):
// - an acknowledged event is committed, unchanged, and stays committed;
// - an environment applies an event once, and only events that it should get; the raw log never holds an event twice,
// nor
//   an event that was never committed; one webhook-id never has two bodies;
// - a cursor never goes back (except by an operator's hand), and never passes an event that its consumer lacks, unless
//   the event is recorded as a retry or dead letter or the target's mode skipped it; at most a window of requests is in
//   flight;
// - in dry-run nothing is sent; of the events that a cursor has passed, only retries and dead letters are sent again,
// so
//   nothing older is sent after a detachment; a detachment raises an alarm;
// - a raw log that refuses some rows lacks only those rows, which are dead letters; no row
//   of the raw log is a dead letter before ten attempts have counted;
// - while a clock is off, and until it has agreed with the steady clock for as long as it must, no target is detached
//   and retention removes nothing; no event is committed twice;
// - at rest: every committed event is in the raw log or refused by it, whatever the targets' modes were; every receiver
//   has each event that its target wants, apart from those that the target's mode skipped and from dead letters that
//   the receiver refuses; both environments hold the tables that the projectors make of the committed events, in any
//   order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fanout_watch.h"
#include "ingest.h"
#include "network.h"
#include "provider.h"
#include "raw_log_watch.h"
#include "receivers.h"
#include "stores.h"

namespace vf::simulation {

class World {
 public:
  explicit World(uint64_t seed);

  void run();
  std::string description() const { return fmt::format("after {} steps", steps_); }
  Journal& journal() { return journal_; }

 private:
  void choose_faults();
  void step();
  void fail_something();
  void change_stores();
  void change_clock();
  void jump(Millis by);
  void advance(Millis by);
  void require_trusted_clock(std::string_view what);
  void kill_a_process();
  void operate();
  void operate_target(size_t index);
  void run_retention();

  void check();
  void check_cursor(const std::string& consumer, const std::function<bool(const store::OutboxRow&)>& is_handled);
  bool is_handled(size_t destination, const store::OutboxRow& row);
  bool never_takes(size_t destination, Uuid id);
  bool may_wait_for_ever(size_t destination, const store::OutboxRow& row);

  void heal();
  void resume_targets();
  void come_to_rest();
  std::string unfinished();
  void check_rest();
  void check_tables();

  SeededRandom random_;
  ManualClock clock_{from_unix_millis(1'800'000'000'000)};
  Journal journal_{clock_};
  Surroundings around_{clock_, random_, journal_};
  SimOutbox outbox_{around_};
  SimLake lake_{outbox_, around_};
  Network network_{around_};
  FanoutWatch fanout_watch_{outbox_, around_};
  RawLogWatch raw_log_watch_{outbox_, lake_, around_};
  std::unique_ptr<Environment> stage_, production_;
  std::unique_ptr<ForeignReceiver> foreign_;
  std::unique_ptr<Ingest> ingest_, replica_;
  std::unique_ptr<Provider> provider_;

  std::map<std::string, Position> checked_;  // by consumer: how far its cursor has been checked
  uint64_t death_rate_ = 0;                  // how often a process dies between steps, in thousandths
  bool clocks_jump_ = false;
  Millis off_by_{0};        // of a clock that is far off for seconds
  SteadyTime right_at_{0};  // when it is right again
  struct EarlierOffset {
    Millis offset;
    SteadyTime until;
  };
  Millis offset_{0};  // of the common clock, by all its jumps
  std::vector<EarlierOffset> earlier_offsets_;
  size_t steps_ = 0;
};

}  // namespace vf::simulation
