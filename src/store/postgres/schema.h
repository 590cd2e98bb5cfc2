// The schema of a PostgreSQL database: lists the embedded migrations, finds the pending ones and applies them. Only
// `vf migrate` applies migrations, on a direct connection of vfmigrator; a store refuses to open while migrations are
// pending. Functions on the connection that the caller passes; no state.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/migration.h"

namespace vf::store::postgres {

class Connection;

/// The migrations of the shared database and of an environment's database; generated from sql/dm/postgres and
/// sql/env/postgres.
std::span<const Migration> outbox_migrations();
std::span<const Migration> environment_migrations();

/// The baseline: one file that creates a new database as all migrations up to the baseline's version would; generated
/// from sql/dm/postgres/baseline and sql/env/postgres/baseline.
std::span<const Migration> outbox_baseline();
std::span<const Migration> environment_baseline();

struct SchemaParams {
  std::string schema;  // the PostgreSQL schema that holds `_migrations`, "ingest"; created if it is missing
  std::span<const Migration> known;
  MigrationTarget target;
  std::span<const Migration> baseline = {};  // at most one baseline
};

/// Returns the names of the pending migrations. Changes nothing. Error `conflict` as in plan_migrations().
Result<std::vector<std::string>> pending_migrations(Connection& db, const SchemaParams& params);

/// Returns the names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_migrations(Connection& db, const SchemaParams& params);

/// Applies the pending migrations, each in a transaction of its own, and returns their names. If no migration has been
/// applied yet, the baseline replaces the migrations up to its version. Two processes that migrate at the same time
/// take turns. After an error, the migrations before the failed one stay applied; another call continues with the rest.
Result<std::vector<std::string>> migrate(Connection& db, const SchemaParams& params);

/// Rewords an error for the user of `vf migrate`, because the usual advice is to run `vf migrate`. For a missing right
/// the message names the role that lacks the right and the role that can grant it; for a table that exists already the
/// message says that the database belongs to another program.
Error explain(Connection& db, const std::string& schema, const Error& error);

/// Checks that no migration is pending. Error `conflict`: migrations are pending (the message names the command to
/// run), or the reasons of plan_migrations().
Result<void> check_migrated(Connection& db, const SchemaParams& params);

}  // namespace vf::store::postgres
