// This machine's clock against that of a store's server. Signatures are made and judged by ours, times of receipt and
// retention go by the server's: an operator is told when they part. Thread safe where `ask` is.
#pragma once

#include <functional>
#include <string>

#include "obs/services.h"
#include "base/result.h"
#include "base/time.h"

namespace vf::watch {

/// The time of a store's server.
using AskTime = std::function<Result<Instant>()>;

struct ClockDifference {
  enum class Grade { ok, warning, problem };  // within 5 s, within 5 minutes (as signatures may be), beyond
  Grade grade = Grade::ok;
  std::string detail;  // how far apart they are, and what mends it
};
/// What the asking took is no difference.
Result<ClockDifference> compare_clocks(const Clock& ours, const AskTime& ask);

/// Tells in /readyz, under `name`, when the difference exceeds 5 s.
void watch_clock(std::string name, AskTime ask, const obs::Services& services);

}  // namespace vf::watch
