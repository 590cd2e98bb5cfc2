#include "fanout/status.h"

namespace vf::fanout {

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
