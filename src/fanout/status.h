// Status: what operators and metrics see of one target. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/event.h"
#include "fanout/target.h"

namespace vf::fanout {

/// backing_off: the target is waiting after a failure. open: it has failed several times in a row, which is an alarm.
enum class State { ok, backing_off, open, detached };
std::string_view to_string(State state);

/// What has happened at a target: of a Dispatcher since it was made, of a TargetWorker since the process started.
struct Counts {
  int64_t delivered = 0;    // events delivered
  int64_t retried = 0;      // events of which a row was written, because they wait
  int64_t dead = 0;         // events dead-lettered
  int64_t skipped = 0;      // rows that filters, dry-run or detachment left out
  int64_t quarantined = 0;  // events delivered that our receiver could not project
  int64_t requests = 0;
  int64_t failed = 0;  // requests that failed

  Counts& operator+=(const Counts& other);
};

struct Status : Counts {
  std::string name;
  std::string worked_by;  // the process that holds the target's lease; empty: this process
  Mode mode = Mode::live;
  State state = State::ok;
  Position cursor;
  size_t in_flight = 0;    // requests in flight
  std::string last_error;  // empty: the target has had no error
  std::optional<Instant> last_error_at;
  std::optional<Instant> last_success_at;
  std::optional<Instant> next_attempt_at;  // set while backing off
  std::string alarm;                       // what an operator must attend to; empty: nothing
  Millis lag{0};                           // age of the oldest event that the cursor has not passed
  Millis last_delivery_lag{0};  // of the last request delivered: from its oldest event's commit to the answer
  size_t waiting = 0;           // events that failed alone and wait for another attempt now
};

}  // namespace vf::fanout
