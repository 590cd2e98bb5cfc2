// Outcome: how one request ended, as far as the retry rule asks. Reason: why. Time: one moment on both clocks. Values.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace vf::retry {

struct Outcome {
  bool delivered = false;
  int status = 0;          // the HTTP status; 0: no answer, or the answer has no such number
  bool timed_out = false;  // no answer came in time
  std::optional<Millis> retry_after = {};

  bool is_limited() const { return status == 429; }
  bool is_overloaded() const { return status == 503; }
};

/// Why a request failed, in words.
struct Reason {
  std::string full;     // for the store and for operators; may quote the receiver
  std::string for_log;  // quotes no receiver, whose text may contain personal data
};

struct Time {
  Instant wall;  // for what the store keeps
  SteadyTime steady{0};
};

}  // namespace vf::retry
