// Migrations: the schemas that `vf migrate` manages, on any driver, and the log line about a schema that is newer than
// this program. One thread; two processes that migrate the same schema take turns.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "obs/log.h"
#include "settings/settings.h"

namespace vf::app {

/// One schema. The functions return names ("0001_bookkeeping"), oldest first.
struct Schema {
  using Names = Result<std::vector<std::string>>;
  std::string name;                // "dm", "env stage", "lake"
  std::string_view newest;         // of the migrations that this program knows
  std::function<Names()> pending;  // what migrate() would do; changes nothing. Error `conflict`: one was changed
  std::function<Names()> migrate;  // what it did
  std::function<Names()> newer;    // applied by a newer vf, where pending() says that this one may run with them
};

/// Of the shared store. `clock` and what is configured must outlive it.
Schema shared_schema(const settings::Ingest& ingest, const Clock& clock);
Schema environment_schema(const std::string& name, const settings::Environment& environment, const Clock& clock);
/// Nothing is pending when the lake is `none`, or is the default one and its library is missing.
Schema lake_schema(const settings::Ingest& ingest, const Clock& clock);

/// Logs a line when a newer vf has migrated the schema of a store that this one has opened. Logs nothing when the store
/// does not answer: its use reports that.
void log_newer(const Schema& schema, obs::Log& log);

}  // namespace vf::app
