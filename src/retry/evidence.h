// Evidence: decides whether a failed attempt at one event counts against that event. It counts only if the receiver was
// healthy around it: the fresh request that ended last before the attempt began, and the first one that began after the
// attempt ended, were both delivered, and one of them within a minute of the attempt. A request is fresh if none of its
// events has failed before. Fresh requests that overlap the attempt say nothing, and neither does any other request.
// So an outage, an overload or one bad backend of several makes no event look faulty. Single-threaded; no I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"

namespace vf::retry {

class Evidence {
 public:
  /// How the fresh request ended that ended last; nullopt as long as none has ended.
  struct Before {
    bool delivered = false;
    SteadyTime ended{0};
  };
  const std::optional<Before>& before() const { return before_; }

  /// An attempt that has failed, with what before() returned when it began.
  struct Failed {
    Uuid event_id;
    std::optional<Before> before;
    SteadyTime began{0};
    SteadyTime ended{0};
  };
  /// Takes a failed attempt, whose count the next fresh request decides.
  void failed(const Failed& attempt);

  /// `request` identifies the fresh request in fresh_ended().
  void fresh_began(uint64_t request, SteadyTime now);
  /// Returns the failed attempts that count, now that this fresh request has ended.
  std::vector<Failed> fresh_ended(uint64_t request, bool delivered, SteadyTime now);

 private:
  struct Fresh {
    std::vector<Failed> decides;  // the failed attempts that count if this request is delivered
  };

  std::optional<Before> before_;
  // No fresh request has begun since these ended. Those that began within a minute of `before` can count whenever the
  // next one begins; the others only within a minute of their end, oldest first.
  std::vector<Failed> undecided_;
  std::deque<Failed> undecided_for_a_minute_;
  std::map<uint64_t, Fresh> in_flight_;
};

}  // namespace vf::retry
