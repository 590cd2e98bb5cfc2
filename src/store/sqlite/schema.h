// The schema of a SQLite database: its embedded migrations, which of them are pending, and applying them.
// Thread safety: none needed; each call opens the file anew or works on the connection it is given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/migration.h"

namespace vf::store::sqlite {

class Connection;

/// Of dm.db and of an environment's database; generated from sql/dm/sqlite and sql/env/sqlite.
std::span<const Migration> outbox_migrations();
std::span<const Migration> environment_migrations();

/// Names of the migrations that the database at `path` still lacks (all, when there is no file). Changes nothing.
/// Error `conflict` as plan_migrations() says, `unavailable` when the file cannot be read.
Result<std::vector<std::string>> pending_migrations(const std::string& path, std::span<const Migration> known,
                                                    const MigrationTarget& target);

/// Names of the migrations that a newer vf has applied; none where there is no file. Error `unavailable` as above.
Result<std::vector<std::string>> newer_migrations(const std::string& path, std::span<const Migration> known);

/// Applies what is pending, all in one transaction. Returns the names of those applied now.
Result<std::vector<std::string>> migrate(Connection& db, std::span<const Migration> known,
                                         const MigrationTarget& target, Instant now);

}  // namespace vf::store::sqlite
