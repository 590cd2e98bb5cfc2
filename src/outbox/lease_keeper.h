// LeaseKeeper: takes a consumer's lease for this process and renews it. A state machine: one thread calls step(), any
// thread reads epoch(). Between two processes the store's clock decides; each process counts its own term by its steady
// clock from the moment it asked, so it stops before another may begin.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "outbox/writer.h"

namespace vf::outbox {

class LeaseKeeper {
 public:
  struct Params {
    std::string name;    // the consumer's
    std::string holder;  // names this process; unique among the processes of the store
    Writer& writer;      // may complete on any thread, also after the keeper's end
    const Clock& clock;
    Millis span{6'000};      // the term: how long others wait for a holder that vanished
    bool exclusive = false;  // no other process can open the store: a granted lease stays granted
  };
  explicit LeaseKeeper(Params params);

  /// Asks for the lease, or for more time, when that is due. Returns when to call again.
  Millis step();
  /// The epoch under which this process may work now; nullopt when it may not.
  std::optional<int64_t> epoch() const;
  /// Who had the lease when the store was last asked; empty: unknown.
  std::string holder() const;
  /// Ends the term and releases the lease, so that another process may begin at once.
  void release();

 private:
  struct State {
    mutable std::mutex mutex;
    bool asking = false;
    bool released = false;
    int64_t epoch = 0;  // 0: not ours
    SteadyTime until{0};
    SteadyTime next_question{0};
    std::string holder;
  };

  const Params params_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace vf::outbox
