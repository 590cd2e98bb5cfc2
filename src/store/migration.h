// Migrations as data, and the plan of those to apply: forward only, each once, none changed afterwards. A migration
// names the older programs that still work on the schema it leaves, so that versions can run side by side.
// Drivers read which migrations a database has and run the SQL. Pure functions.
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
      0;  // programs that know this migration or a later one still work; 0: only those that know `version`
};

/// A row of a database's table `_migrations`.
struct AppliedMigration {
  int64_t version = 0;
  std::string name;
  std::string checksum;
  int64_t runs_with = 0;
};

/// The names that errors use.
struct MigrationTarget {
  std::string database;  // "dm.db"
  std::string command;   // that applies the migrations: "vf migrate dm"
};

/// The pending migrations, oldest first. `known` and `applied` are sorted by version.
/// Error `conflict`: a newer vf applied a migration that this one cannot run with, an applied migration has changed, or
/// a new one is numbered before an applied one; the message names the remedy.
Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied,
                                               const MigrationTarget& target);

/// Names of applied migrations that are not known: a newer vf's. If plan_migrations() succeeds, this vf runs with them.
std::vector<std::string> newer_migrations(std::span<const Migration> known, std::span<const AppliedMigration> applied);

}  // namespace vf::store
