// Migrations as data, and the plan of which are to be applied: forward only, each once, none changed afterwards. A
// migration says which older programs still work on what it leaves, so that versions can run side by side.
// Drivers read what a database has applied and run the SQL. Pure functions.
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
  int64_t runs_with = 0;  // programs whose newest is this one or later still work; 0: those alone that know it
};

/// What a database remembers of a migration, in its table `_migrations`.
struct AppliedMigration {
  int64_t version = 0;
  std::string name;
  std::string checksum;
  int64_t runs_with = 0;
};

/// Who asks, for the sentences of errors.
struct MigrationTarget {
  std::string database;  // "dm.db"
  std::string command;   // the command that mends it: "vf migrate dm"
};

/// What is still to be applied, oldest first. `known` and `applied` are sorted by version.
/// Error `conflict`: a newer vf applied what this one cannot run with, or a migration was changed or slipped in after
/// it was applied; the sentence says what to do.
Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied,
                                               const MigrationTarget& target);

/// Names of those applied that are not known: a newer vf's. Where plan_migrations() succeeds, all can be run with.
std::vector<std::string> newer_migrations(std::span<const Migration> known, std::span<const AppliedMigration> applied);

}  // namespace vf::store
