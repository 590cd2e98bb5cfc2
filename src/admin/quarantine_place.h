// What one environment answers about its quarantine. The admin API and an environment's listener share it. Calls wait
// for the store. Thread safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/route.h"
#include "base/time.h"
#include "store/environment_store.h"

namespace vf::admin {

/// The quarantine of one environment. What it refers to outlives the routes.
struct Quarantine {
  store::EnvironmentStore& store;
  const Clock& clock;
};

/// The parameters of the query that a list of quarantined events takes.
inline constexpr std::string_view kQuarantineParameters[] = {"type", "reason", "before", "after", "limit"};

/// Returns {"quarantine": […], "next": "<cursor>" | null}, in order of the first attempts. A page may have fewer rows
/// than its limit although more follow: a call reads a bounded number of events to find those that match.
Result<nlohmann::json> list_quarantine(const Quarantine& quarantine, const api::Call& call);
/// The following have the error `not_found`: no event in quarantine has the id. show_quarantined() returns the event
/// with its envelope: an object, or a text when that is not JSON.
Result<nlohmann::json> show_quarantined(const Quarantine& quarantine, const std::string& id);
/// Projects the event again, now. Returns {"id", "status", "reason"}: what became of it, and why it is still refused.
Result<nlohmann::json> retry_quarantined(const Quarantine& quarantine, const std::string& id);
/// Removes the event for good.
Result<nlohmann::json> drop_quarantined(const Quarantine& quarantine, const std::string& id);

/// GET /internal/quarantine, …/{id}, POST …/{id}/retry, DELETE …/{id}: the rows of an environment's listener, for the
/// hub.
api::Routes internal_quarantine_routes(const Quarantine& quarantine);

}  // namespace vf::admin
