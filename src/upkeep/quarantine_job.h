// The jobs `retry-quarantine` and `drop-quarantine` of an environment.
//
// retry-quarantine projects all quarantined events again, when a process that runs it starts and every hour; a person
// may ask for a run over those that match a filter. drop-quarantine, which only a person asks for, removes those that
// match a filter for good. A retry of one event never changes what another one gives, and a run with a filter passes
// each event once, in order of their first attempts, so both may be resumed. Of two runs that reach the same event, one
// changes it and counts it, and the other one counts it as skipped.
#pragma once

#include <string>

#include "base/time.h"
#include "jobs/job.h"
#include "store/environment_store.h"

namespace vf::upkeep {

struct QuarantineSelection {
  store::QuarantineFilter filter;
  bool all = false;
  bool dry_run = false;  // only count
};
/// Reads a JSON object with the members type, reason, before, all, dry_run. Error `invalid`: another member, a wrong
/// value, or no filter.
Result<QuarantineSelection> parse_quarantine_selection(const std::string& parameters);

/// Counts without parameters: tried, applied, ignored, quarantined (again); with a filter: found (that match), applied,
/// ignored, quarantined, skipped (found, but no longer in quarantine). `store` and `clock` outlive the job.
jobs::Job retry_quarantine_job(store::EnvironmentStore& store, const Clock& clock);
/// Counts: found, dropped, skipped.
jobs::Job drop_quarantine_job(store::EnvironmentStore& store);

}  // namespace vf::upkeep
