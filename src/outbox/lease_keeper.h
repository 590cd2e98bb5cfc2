// LeaseKeeper: takes a consumer's lease for this process and prolongs it. A state machine: one thread calls step(), any
// thread asks epoch(). Between two processes the store's clock decides; each counts its own term by its steady clock
// from the moment it asked, so it stops before another may begin.
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
    std::string holder;  // names this process, as no other is named
    Writer& writer;      // may complete on any thread, also after the keeper's end
    const Clock& clock;
    Millis span{6'000};      // how long a holder that vanished is waited for
    bool exclusive = false;  // no other process can open the store: what was granted stays
  };
  explicit LeaseKeeper(Params params);

  /// Asks for the lease, or for more time, when that is due. Says when to be called again.
  Millis step();
  /// Of the term in which this process may work; nullopt when it may not.
  std::optional<int64_t> epoch() const;
  /// Who had it when the store was last asked; empty: nobody yet.
  std::string holder() const;
  /// Works no more, and lets another begin at once.
  void give_back();

 private:
  struct State {
    mutable std::mutex mutex;
    bool asking = false;
    bool given_back = false;
    int64_t epoch = 0;  // 0: not ours
    SteadyTime until{0};
    SteadyTime next_question{0};
    std::string holder;
  };

  const Params params_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace vf::outbox
