#include "jobs/store_runs.h"

#include <utility>

#include "outbox/write_and_wait.h"

namespace vf::jobs {

Result<store::RunResult> OutboxRuns::write(store::RunWrite write) {
  VF_ASSIGN(auto written, outbox::write_and_wait(writer_, std::move(write)));
  return std::visit(
      []<class Written>(Written& result) -> Result<store::RunResult> {
        if constexpr (std::is_constructible_v<store::RunResult, Written&&>) return std::move(result);
        return internal("the store gave a write of a run another result");
      },
      written);
}

Result<store::RunResult> EnvironmentRuns::write(store::RunWrite write) { return store_.write_run(write, clock_.now()); }

}  // namespace vf::jobs
