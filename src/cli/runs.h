// What the commands that start runs share: they watch a run until it ends. One thread.
#pragma once

#include <chrono>
#include <string>

#include "cli/admin_client.h"
#include "cli/json.h"
#include "cli/session.h"

namespace vf::cli {

/// A run to ask for; of the hub, unless an environment is named.
struct RunRequest {
  std::string job, environment = {};
  Json parameters = Json::object();
};
/// Asks the running hub for a run of a job. Returns the run's id.
Result<std::string> start_run(AdminClient& client, const RunRequest& request);

struct WatchedRun {
  std::string id, environment = {};  // of the hub, unless an environment is named

  std::string path() const;     // below /admin/v1/
  std::string command() const;  // that shows the run: "vf runs show ID"
};
struct WatchTimes {
  std::chrono::milliseconds poll{200};
  std::chrono::milliseconds unanswered_at_most{60'000};  // a hub that restarts is back before
};
/// Waits until the run has ended, and shows its id and its progress on the error stream meanwhile. Returns the run.
/// Error `unavailable`: the hub did not answer for `unanswered_at_most`; the message says how to find the run again.
Result<Json> watch_run(const Session& session, AdminClient& client, const WatchedRun& watched,
                       const WatchTimes& times = {});
/// Returns "retried 480, found 500"; empty: there are no counts.
std::string counts_text(const Json& counts);

}  // namespace vf::cli
