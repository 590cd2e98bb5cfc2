// Migrations: the schemas that `vf migrate` looks after, whatever driver holds them, and what a role tells of one that
// is newer than it. One thread; two processes that migrate the same schema take turns.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "obs/log.h"

namespace vf::app {

/// One schema. All answer names ("0001_bookkeeping"), oldest first.
struct Schema {
  using Names = Result<std::vector<std::string>>;
  std::string name;                // "dm", "env stage", "lake"
  std::string_view newest;         // of the migrations that this program knows
  std::function<Names()> pending;  // what migrate() would do; changes nothing. Error `conflict`: one was changed
  std::function<Names()> migrate;  // what it did
  std::function<Names()> newer;    // applied by a newer vf, where pending() says that this one may run with them
};

/// Of the shared store. `clock` and what is configured must outlive it.
Schema shared_schema(const config::Ingest& ingest, const Clock& clock);
Schema environment_schema(const std::string& name, const config::Environment& environment, const Clock& clock);
/// Nothing is pending for a lake that is none, nor for the default one where its library is missing.
Schema lake_schema(const config::Ingest& ingest, const Clock& clock);

/// Logs a line when a newer vf has migrated the schema of a store that this one has opened. Nothing when it cannot be
/// asked: the store's own use tells that.
void tell_newer(const Schema& schema, obs::Log& log);

}  // namespace vf::app
