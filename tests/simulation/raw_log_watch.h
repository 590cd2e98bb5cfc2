// RawLogWatch: checks the raw log's feeder, and plays its operator. It requires that the cursor passes only rows that
// are in the log or recorded as retries or dead letters; that a lake that refuses every row makes at most five dead
// letters; and that an operator's retries and moves of the cursor neither skip nor repeat a row. Single-threaded.
#pragma once

#include <set>
#include <string>

#include "ingest.h"

namespace vf::simulation {

class RawLogWatch {
 public:
  RawLogWatch(SimOutbox& outbox, SimLake& lake, Surroundings around)
      : outbox_(outbox), lake_(lake), random_(around.random), journal_(around.journal) {}

  /// Called after every step of the simulation.
  void check(const Ingest& ingest);
  /// Plays an operator who retries a dead letter or moves the cursor back.
  void operate();
  /// Retries every dead letter that the lake would accept.
  void retry_what_can_be_stored();
  /// Says what the feeder has still to do; empty: nothing.
  std::string unfinished();
  void check_rest();

 private:
  bool is_handled(const store::OutboxRow& row);
  bool has_exception(Uuid id);
  std::vector<store::PutDelivery> dead() {
    return *outbox_.deliveries(std::string(store::kRawLog), store::PutDelivery::State::dead, SIZE_MAX);
  }
  void retry(store::PutDelivery row);

  SimOutbox& outbox_;
  SimLake& lake_;
  Random& random_;
  Journal& journal_;
  Position checked_;    // how far the cursor has been checked
  uint64_t life_ = 0;   // the life of ingest at the last check
  uint64_t taken_ = 0;  // inserts that the lake confirmed
  std::set<Uuid> dead_;
  std::set<Uuid> died_in_row_;  // dead letters since the lake accepted a row, or ingest started
};

}  // namespace vf::simulation
