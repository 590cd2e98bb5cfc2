// World: one seed, one thread, everything: a provider, ingest, two environments, a stranger's endpoint, the raw log,
// the clock, and all that goes wrong with them. run() lets the seed decide what happens, checks the invariants after
// every step, then lets everything heal and checks that it comes to rest in the one right state. Throws Violation.
//
// What is checked (architecture.md, "Invariants"):
// - an event is committed, unchanged, when its delivery is acknowledged, and stays so;
// - an environment applies an event once, and only events it should get; the raw log never holds one twice, nor one
//   that nobody committed; one webhook-id never names two bodies;
// - a cursor never goes back, and never passes an event that its consumer lacks, unless that is written down as an
//   exception or the target's mode passed it over; at most a window of requests is in flight;
// - in dry-run nothing is sent; nothing behind a cursor is sent again but exceptions, so after a detachment nothing
//   older; a detachment raises an alarm;
// - a raw log that refuses some rows loses only those, as dead letters; one that refuses everything kills five;
// - at rest: every committed event is in the raw log or refused by it, whatever the targets' modes were; and in each
//   environment, or dead for its own fault alone; both
//   environments hold the tables that the projectors make of the committed events, in whatever order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
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
  size_t steps() const { return steps_; }
  Journal& journal() { return journal_; }

 private:
  void choose_troubles();
  void step();
  void fail_something();
  void change_stores();
  void change_clock();
  void kill_someone();
  void operate();
  void operate_target(size_t index);

  void check();
  void check_cursor(const std::string& consumer, const std::function<bool(const store::OutboxRow&)>& is_dealt_with);
  bool is_dealt_with(size_t destination, const store::OutboxRow& row);

  void heal();
  void resume_targets();
  void come_to_rest();
  std::string unrest();
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
  std::unique_ptr<Stranger> stranger_;
  std::unique_ptr<Ingest> ingest_, replica_;
  std::unique_ptr<Provider> provider_;

  std::map<std::string, Position> checked_;  // by consumer: how far its cursor has been checked
  uint64_t death_rate_ = 0;                  // of processes between steps, in thousandths
  bool clocks_jump_ = false;
  size_t steps_ = 0;
};

}  // namespace vf::simulation
