// Migrations as data, and the decision which of them to apply. Migrations only go forward; each is applied once and is
// not changed afterwards. A migration states which older programs still work on the resulting schema, so that two
// versions of vf can run on one database. Drivers read which migrations a database has, and run the SQL. Pure
// functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vf::store {

/// One file sql/<database>/<driver>/NNNN_name.sql, embedded when the program was built.
struct Migration {
  int64_t version = 0;
  std::string_view name;      // "0001_ingest"
  std::string_view checksum;  // SHA-256 of the file, hex
  std::string_view sql;
  int64_t runs_with =
      0;  // a program must know at least this migration to work on the new schema; 0: it must know `version`
};

/// A row of a database's table `_migrations`.
struct AppliedMigration {
  int64_t version = 0;
  std::string name;
  std::string checksum;
  int64_t runs_with = 0;
};

/// Names for the texts of errors.
struct MigrationTarget {
  std::string database;  // "dm.db"
  std::string command;   // the command that applies the migrations: "vf migrate dm"
};

/// Returns the pending migrations, oldest first. `known` and `applied` must be sorted by version.
/// Error `conflict`: a newer vf applied a migration that this vf cannot run with, an applied migration has changed, or
/// a pending migration is numbered before an applied one; the message names the remedy.
Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied,
                                               const MigrationTarget& target);

/// Returns the names of the applied migrations that are not in `known`: a newer vf applied them. If plan_migrations()
/// succeeds, this vf can run with them.
std::vector<std::string> newer_migrations(std::span<const Migration> known, std::span<const AppliedMigration> applied);

}  // namespace vf::store
