// RawLogWatch: checks the raw log's feeder, and plays its operator. It requires that the cursor passes only rows that
// are in the log or recorded as retries or dead letters; that no row is a dead letter after fewer than ten counted
// attempts; and that an operator's retries and moves of the cursor neither skip nor repeat a row. Single-threaded.
#pragma once

#include <string>

#include "ingest.h"

namespace vf::simulation {

class RawLogWatch {
 public:
  RawLogWatch(SimOutbox& outbox, SimLake& lake, Surroundings around)
      : outbox_(outbox), lake_(lake), random_(around.random), journal_(around.journal) {}

  /// Called after every step of the simulation.
  void check();
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
  void retry(const store::PutDelivery& row);

  SimOutbox& outbox_;
  SimLake& lake_;
  Random& random_;
  Journal& journal_;
  Position checked_;  // how far the cursor has been checked
};

}  // namespace vf::simulation
