// What the commands that start runs share: they watch a run until it ends. One thread.
#pragma once

#include <string>

#include "cli/admin_client.h"
#include "cli/json.h"
#include "cli/session.h"

namespace vf::cli {

/// Asks the running hub for a run of a job. Returns the run's id.
Result<std::string> start_run(AdminClient& client, const std::string& job, const Json& parameters);
/// Waits until the run has ended, and shows its id and its progress on the error stream meanwhile. Returns the run.
/// Error `unavailable`: the hub did not answer for a minute; the message says how to find the run again.
Result<Json> watch_run(const Session& session, AdminClient& client, const std::string& id);
/// Returns "retried 480, found 500"; empty: there are no counts.
std::string counts_text(const Json& counts);

}  // namespace vf::cli
