// Compares this machine's clock with that of a store's server. Signatures are made and verified by the machine's clock,
// whereas times of receipt and retention use the server's, so a difference is reported to the operator. Thread safe if
// `ask` is.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "obs/services.h"

namespace vf::watch {

/// Asks a store's server for its time.
using AskTime = std::function<Result<Instant>()>;

struct ClockDifference {
  enum class Grade { ok, warning, problem };  // up to 5 s, up to 5 minutes (the tolerance of signatures), more
  Grade grade = Grade::ok;
  std::string detail;  // how far apart the clocks are, and how to correct that
};
/// Compares `ours` with the server's clock. The time that the request itself takes does not count as a difference.
Result<ClockDifference> compare_clocks(const Clock& ours, const AskTime& ask);

/// Adds the health check `name`. It fails when the difference exceeds 5 s, but never makes the process unready.
void watch_clock(std::string name, AskTime ask, const obs::Services& services);

}  // namespace vf::watch
