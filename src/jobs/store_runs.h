// The RunWriters of the stores: OutboxRuns writes the hub's runs with the committer's batches, EnvironmentRuns writes
// an environment's, each in a transaction of its own. Thread safe.
#pragma once

#include "base/time.h"
#include "jobs/run_writer.h"
#include "outbox/writer.h"
#include "store/environment_store.h"

namespace vf::jobs {

class OutboxRuns final : public RunWriter {
 public:
  explicit OutboxRuns(outbox::Writer& writer) : writer_(writer) {}
  Result<store::RunResult> write(store::RunWrite write) override;

 private:
  outbox::Writer& writer_;
};

class EnvironmentRuns final : public RunWriter {
 public:
  EnvironmentRuns(store::EnvironmentStore& store, const Clock& clock) : store_(store), clock_(clock) {}
  Result<store::RunResult> write(store::RunWrite write) override;

 private:
  store::EnvironmentStore& store_;
  const Clock& clock_;
};

}  // namespace vf::jobs
