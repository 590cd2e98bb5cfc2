// Migrations as data, and the plan of which are to be applied: forward only, each once, none changed afterwards.
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
};

/// What a database remembers of a migration, in its table `_migrations`.
struct AppliedMigration {
  int64_t version = 0;
  std::string name;
  std::string checksum;
};

/// Who asks, for the sentences of errors.
struct MigrationTarget {
  std::string database;  // "dm.db"
  std::string command;   // the command that mends it: "vf migrate dm"
};

/// What is still to be applied, oldest first. `known` and `applied` are sorted by version.
/// Error `conflict`: the database was made by a newer vf, or a migration was changed or slipped in after it was
/// applied; the sentence says what to do.
Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied,
                                               const MigrationTarget& target);

}  // namespace vf::store
