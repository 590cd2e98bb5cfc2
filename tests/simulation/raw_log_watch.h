// RawLogWatch: is the raw log fed as it should be? Its cursor passes only rows that are in the log or written down as
// exceptions; a lake that refuses everything kills five rows at most; an operator's retries and moves of the cursor
// skip and double nothing. Also plays that operator. Single-threaded.
#pragma once

#include <set>
#include <string>

#include "ingest.h"

namespace vf::simulation {

class RawLogWatch {
 public:
  RawLogWatch(SimOutbox& outbox, SimLake& lake, Surroundings around)
      : outbox_(outbox), lake_(lake), random_(around.random), journal_(around.journal) {}

  /// After every step.
  void check(const Ingest& ingest);
  /// Somebody has a dead letter tried again, or moves the cursor back by hand.
  void operate();
  /// Every dead letter that the lake would take is tried again.
  void retry_what_can_be_stored();
  /// What is not at rest; empty when all is.
  std::string unrest();
  void check_rest();

 private:
  bool is_dealt_with(const store::OutboxRow& row);
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
  std::set<Uuid> died_in_row_;  // since the lake took one, or ingest started
};

}  // namespace vf::simulation
