// Migrations: the schemas that `vf migrate` manages, on any driver. Also logs when a schema is newer than this program.
// One thread; two processes that migrate the same schema take turns.
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

/// One schema. Its functions return names of migrations ("0001_bookkeeping"), oldest first.
struct Schema {
  using Names = Result<std::vector<std::string>>;
  std::string name;         // "dm", "env stage", "lake"
  std::string_view newest;  // the newest migration that this program knows
  /// Returns the migrations that migrate() would apply, and changes nothing. Error `conflict`: this program cannot run
  /// with the applied migrations, or one of them has changed.
  std::function<Names()> pending;
  std::function<Names()> migrate;  // applies the pending migrations and returns them
  std::function<Names()> newer;    // returns the applied migrations that only a newer vf knows
};

/// The schemas of the shared store, of one environment and of the lake. Settings and `clock` must outlive a schema.
Schema shared_schema(const settings::Ingest& ingest, const Clock& clock);
Schema environment_schema(const std::string& name, const settings::Environment& environment, const Clock& clock);
/// Its pending() returns nothing when the lake is `none`, and when `ingest.lake` is not configured and the library of
/// the default lake is missing.
Schema lake_schema(const settings::Ingest& ingest, const Clock& clock);

/// Logs a line when a newer vf has migrated the schema of a store that this process has opened. Logs nothing when the
/// store does not answer, because whoever uses the store reports that.
void log_newer(const Schema& schema, obs::Log& log);

}  // namespace vf::app
