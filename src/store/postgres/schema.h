// The schema of a PostgreSQL database: its embedded migrations, which of them are pending, and applying them. Applied
// by `vf migrate` alone, on a direct connection of vfmigrator: a store that finds some pending refuses to open. Thread
// safety: none needed; each call works on the connection it is given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/migration.h"

namespace vf::store::postgres {

class Connection;

/// Of the shared store and of an environment's; generated from sql/dm/postgres and sql/env/postgres.
std::span<const Migration> outbox_migrations();
std::span<const Migration> environment_migrations();

/// A new database begins with it: the migrations up to its version as one; from sql/dm/postgres/baseline and
/// sql/env/postgres/baseline.
std::span<const Migration> outbox_baseline();
std::span<const Migration> environment_baseline();

struct SchemaParams {
  std::string schema;  // the PostgreSQL schema that holds `_migrations`: "ingest"; created when it is missing
  std::span<const Migration> known;
  MigrationTarget target;
  std::span<const Migration> baseline = {};  // at most one
};

/// Names of the migrations that the database still lacks. Changes nothing.
/// Error `conflict` as plan_migrations() says.
Result<std::vector<std::string>> pending_migrations(Connection& db, const SchemaParams& params);

/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_migrations(Connection& db, const SchemaParams& params);

/// Applies what is pending, each in a transaction of its own, and returns the names of those applied now. Where none
/// was applied before, the baseline stands for those up to its version. Two that migrate at the same time take turns.
/// On an error those before it stand; calling again goes on with the rest.
Result<std::vector<std::string>> migrate(Connection& db, const SchemaParams& params);

/// What an error of `vf migrate` on `db` means to who runs it: the general advice, to run it, would be of no use. Of a
/// missing right it says whose, and who grants it; of a table that stands already, that the database is not the hub's.
Error explained(Connection& db, const std::string& schema, const Error& error);

/// Error `conflict`, naming the command that mends it, when migrations are pending, or as plan_migrations() says.
Result<void> check_migrated(Connection& db, const SchemaParams& params);

}  // namespace vf::store::postgres
