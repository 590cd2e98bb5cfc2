// RunWriter: the port by which runs are claimed, renewed and ended. Implementations: the shared store through the
// committer, an environment's database, and LocalRuns. Thread safe.
#pragma once

#include "base/result.h"
#include "store/runs.h"

namespace vf::jobs {

class RunWriter {
 public:
  virtual ~RunWriter() = default;
  /// Makes one durable write and waits for it. Errors as in store/runs.h; `unavailable`: the outcome may be unknown.
  virtual Result<store::RunResult> write(store::RunWrite write) = 0;
};

}  // namespace vf::jobs
