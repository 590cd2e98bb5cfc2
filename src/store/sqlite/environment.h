// An environment's database on SQLite: <environment>.db, readable by other programs while it runs.
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
  std::string environment;        // its name, for the command that errors advise
  std::span<const Table> tables;  // the projected ones, which must outlive the store
  Instant now;                    // for the record of migrations applied
  int readers = 4;                // connections for reads
};

/// Opens or creates the database, applies pending migrations. Errors: `conflict` when its schema does not fit;
/// `unavailable` when the file cannot be used.
Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params);

/// Names of the migrations that the database at `path` still lacks; all when there is no file. Changes nothing.
Result<std::vector<std::string>> pending_environment(const std::string& path, const std::string& environment);

}  // namespace vf::store::sqlite
