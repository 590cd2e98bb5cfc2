// LeaseKeeper: takes a consumer's lease for this process and renews it. A state machine: one thread calls step(), any
// thread may call epoch(), holder() and release(). The store's clock decides when a lease ends and another process may
// take it. Each process measures its own term by its steady clock from the moment it asked for the lease, so it stops
// before another process may begin.
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
    std::string name;    // the consumer's name
    std::string holder;  // this process's name; unique among the processes of the store
    Writer& writer;      // may complete on any thread, also after the keeper's end
    const Clock& clock;
    Millis span{6'000};      // length of a term: how long other processes wait for a holder that vanished
    bool exclusive = false;  // true: no other process can open the store, so a granted lease never ends
  };
  explicit LeaseKeeper(Params params);

  /// Asks for the lease, or renews it, when that is due. Returns after how long to call again.
  Millis step();
  /// Returns the epoch of the lease while this process holds it; nullopt: it must not do the consumer's work now.
  std::optional<int64_t> epoch() const;
  /// Returns which process held the lease when the store was last asked; empty: unknown.
  std::string holder() const;
  /// Ends the term and releases the lease, so that another process may begin at once.
  void release();

 private:
  struct State {
    mutable std::mutex mutex;
    bool asking = false;
    bool released = false;
    int64_t epoch = 0;  // 0: this process does not hold the lease
    SteadyTime until{0};
    SteadyTime next_question{0};
    std::string holder;
  };

  const Params params_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace vf::outbox
