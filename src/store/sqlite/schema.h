// The schema of a SQLite database: lists the embedded migrations, finds the pending ones and applies them. Functions;
// each opens the file itself or works on the connection that the caller passes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/migration.h"

namespace vf::store::sqlite {

class Connection;

/// The migrations of dm.db and of an environment's database; generated from sql/dm/sqlite and sql/env/sqlite.
std::span<const Migration> outbox_migrations();
std::span<const Migration> environment_migrations();

/// Returns the names of the pending migrations of the database at `path`: all migrations if the file does not exist.
/// Changes nothing. Error `conflict` as in plan_migrations(). Error `unavailable`: the file cannot be read.
Result<std::vector<std::string>> pending_migrations(const std::string& path, std::span<const Migration> known,
                                                    const MigrationTarget& target);

/// Returns the names of the migrations that a newer vf has applied; empty if the file does not exist. Error
/// `unavailable`: the file cannot be read.
Result<std::vector<std::string>> newer_migrations(const std::string& path, std::span<const Migration> known);

/// Applies the pending migrations in one transaction. Returns their names.
Result<std::vector<std::string>> migrate(Connection& db, std::span<const Migration> known,
                                         const MigrationTarget& target, Instant now);

}  // namespace vf::store::sqlite
