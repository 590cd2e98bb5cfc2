// An environment's database on SQLite: <environment>.db. Other programs may read it while the hub runs.
// Schema: sql/env/sqlite. Thread safety as store/environment_store.h says.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/environment_store.h"

namespace vf::store::sqlite {

struct EnvironmentParams {
  std::string path;
  std::string environment;        // its name, for the command that errors recommend
  std::span<const Table> tables;  // the projected tables; they must outlive the store
  Instant now;                    // applied_at of the migrations
  int readers = 4;                // connections for reads
};

/// Opens or creates the database and applies pending migrations. Error `conflict`: the database's schema does not fit
/// this program, or another environment, or a shared store, has the file. Several processes may have it for one
/// environment. Error `unavailable`: the file cannot be used.
Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params);

/// Returns the names of the pending migrations of the database at `path`: all migrations if the file does not exist.
/// Changes nothing.
Result<std::vector<std::string>> pending_environment(const std::string& path, const std::string& environment);

}  // namespace vf::store::sqlite
