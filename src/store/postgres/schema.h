// The schema of a PostgreSQL database: its embedded migrations, which of them are pending, and applying them. Only
// `vf migrate` applies them, on a direct connection of vfmigrator; a store refuses to open while some are pending.
// Functions over the connection they are given; no state.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/migration.h"

namespace vf::store::postgres {

class Connection;

/// The migrations of the shared database and of an environment's; generated from sql/dm/postgres and sql/env/postgres.
std::span<const Migration> outbox_migrations();
std::span<const Migration> environment_migrations();

/// The first step of a new database: all migrations up to its version in one file; generated from
/// sql/dm/postgres/baseline and sql/env/postgres/baseline.
std::span<const Migration> outbox_baseline();
std::span<const Migration> environment_baseline();

struct SchemaParams {
  std::string schema;  // the PostgreSQL schema that holds `_migrations`, "ingest"; created if it is missing
  std::span<const Migration> known;
  MigrationTarget target;
  std::span<const Migration> baseline = {};  // at most one
};

/// Names of the pending migrations. Changes nothing. Error `conflict` as in plan_migrations().
Result<std::vector<std::string>> pending_migrations(Connection& db, const SchemaParams& params);

/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_migrations(Connection& db, const SchemaParams& params);

/// Applies the pending migrations, each in a transaction of its own, and returns their names. A database without any
/// starts with the baseline instead of the migrations up to its version. Two processes that migrate at the same time
/// take turns. After an error the migrations before it stay applied; another call continues with the rest.
Result<std::vector<std::string>> migrate(Connection& db, const SchemaParams& params);

/// Rewords an error for the user of `vf migrate`, for whom the usual advice, to run it, is useless. For a missing right
/// the message names the role that lacks it and the role that can grant it; for a table that exists already it says
/// that the database belongs to another program.
Error explain(Connection& db, const std::string& schema, const Error& error);

/// Error `conflict`, naming the command to run, when migrations are pending, or as in plan_migrations().
Result<void> check_migrated(Connection& db, const SchemaParams& params);

}  // namespace vf::store::postgres
