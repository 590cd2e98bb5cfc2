// RawLogWatch: checks the raw log's feeder, and plays its operator. The cursor passes only rows that are in the log or
// written down as exceptions; a lake that refuses everything makes five dead letters at most; an operator's retries and
// moves of the cursor neither skip nor double a row. Single-threaded.
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
  /// An operator retries a dead letter, or moves the cursor back.
  void operate();
  /// Retries every dead letter that the lake would accept.
  void retry_what_can_be_stored();
  /// What still has work to do; empty: nothing has.
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
  uint64_t life_ = 0;   // of ingest
  uint64_t taken_ = 0;  // inserts that the lake confirmed
  std::set<Uuid> dead_;
  std::set<Uuid> died_in_row_;  // since the lake accepted a row, or ingest started
};

}  // namespace vf::simulation
