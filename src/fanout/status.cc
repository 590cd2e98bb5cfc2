#include "fanout/status.h"

namespace vf::fanout {

Counts& Counts::operator+=(const Counts& other) {
  delivered += other.delivered;
  retried += other.retried;
  dead += other.dead;
  skipped += other.skipped;
  quarantined += other.quarantined;
  requests += other.requests;
  failed += other.failed;
  return *this;
}

std::string_view to_string(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::backing_off:
      return "backing-off";
    case State::open:
      return "open";
    case State::detached:
      return "detached";
  }
  return "ok";
}

}  // namespace vf::fanout
