// Followers: the consumers of this process that a commit wakes, so that they need not wait for their next poll.
// add() before the first event is received; wake() by any thread.
#pragma once

#include <vector>

#include "event/event.h"

namespace vf::outbox {

class Follower {
 public:
  virtual ~Follower() = default;
  /// Events up to `newest` are committed. Called after every commit that added events; must be cheap.
  virtual void wake(Position newest) = 0;
};

class Followers {
 public:
  /// `follower` outlives the last call of wake().
  void add(Follower& follower) { followers_.push_back(&follower); }
  void wake(Position newest) const {
    for (auto* follower : followers_) follower->wake(newest);
  }

 private:
  std::vector<Follower*> followers_;
};

}  // namespace vf::outbox
