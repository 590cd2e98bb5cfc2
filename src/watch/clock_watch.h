// Compares this machine's clock with that of a store's server. Signatures are made and checked by the machine's clock,
// times of receipt and retention use the server's: a difference is reported to the operator. Thread safe where `ask`
// is.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "obs/services.h"

namespace vf::watch {

/// The time of a store's server.
using AskTime = std::function<Result<Instant>()>;

struct ClockDifference {
  enum class Grade { ok, warning, problem };  // within 5 s, within 5 minutes (as signatures may be), beyond
  Grade grade = Grade::ok;
  std::string detail;  // how far apart they are, and how to correct it
};
/// The time that the question takes does not count as a difference.
Result<ClockDifference> compare_clocks(const Clock& ours, const AskTime& ask);

/// Adds the health check `name`: it fails when the difference exceeds 5 s, and never makes the process unready.
void watch_clock(std::string name, AskTime ask, const obs::Services& services);

}  // namespace vf::watch
