// The job `reconciliation`: a scheduled run compares the hours that are over since the last one (reconciler.h); a run
// with parameters compares the range that an operator asked for (`vf lake verify`) and keeps its result in the table of
// runs, where every process finds it.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "raw_log/reconciliation.h"
#include "store/runs.h"

namespace vf::upkeep {

inline constexpr std::string_view kReconciliationJob = "reconciliation";

struct ReconciliationJobParams {
  raw_log::ReconciliationPorts ports;
  outbox::Writer& writer;
  const Clock& clock;  // of this machine; hours of receipt are by the store's clock
};
/// Counts of a scheduled run that compared hours: hours, and "differ: <source>" for each source that differed. Of an
/// operator's run: hours, differ, repaired. What `params` refers to outlives the job.
jobs::Job reconciliation_job(const ReconciliationJobParams& params);

/// Returns the parameters of a run for an operator: a JSON object {"from", "to", "repair"}.
std::string to_parameters(const raw_log::ReconciliationRequest& request);
/// Error `invalid`: the text is no such object.
Result<raw_log::ReconciliationRequest> parse_parameters(const std::string& parameters);

/// Returns the state and the result of a run that was made with parameters.
raw_log::ReconciliationStatus status_of(const store::Run& run);
/// Returns the newest run with parameters; nullopt: there is none.
Result<std::optional<store::Run>> newest_verification(store::RunReads& reads);

/// The text in which a run keeps its result: a line with from, to, rows_read, difference, repaired, and a line for each
/// hour and source. Times are milliseconds since 1970, values are separated by tabs. Past kLinesKeptMax lines, those
/// without a difference are left out.
std::string to_text(const raw_log::ReconciliationStatus& status);
inline constexpr size_t kLinesKeptMax = 20'000;

/// What the last scheduled runs found, whichever process made them: for metrics and the health check "raw log
/// reconciliation". Thread safe.
class ReconciliationWatch {
 public:
  ReconciliationWatch(store::RunReads& reads, const Clock& clock) : reads_(reads), clock_(clock) {}
  /// Adds a metric for each of these sources, and the health check.
  void publish(const obs::Services& services, const std::vector<std::string>& sources);

 private:
  static constexpr Millis kReadEvery{5'000};
  std::map<std::string, int64_t> difference();

  store::RunReads& reads_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<SteadyTime> read_at_;
  std::map<std::string, int64_t> difference_;
};

}  // namespace vf::upkeep
