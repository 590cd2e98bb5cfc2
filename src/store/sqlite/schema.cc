#include "store/sqlite/schema.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/sqlite/connection.h"

namespace vf::store::sqlite {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS _migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
    "runs_with INTEGER NOT NULL, applied_at TEXT NOT NULL) STRICT";
constexpr std::string_view kExists = "SELECT 1 FROM sqlite_schema WHERE name = '_migrations'";
constexpr std::string_view kApplied = "SELECT version, name, checksum, runs_with FROM _migrations ORDER BY version";
constexpr std::string_view kRecord =
    "INSERT INTO _migrations (version, name, checksum, runs_with, applied_at) VALUES (?, ?, ?, ?, ?)";

Result<std::vector<AppliedMigration>> applied_migrations(Connection& db) {
  std::vector<AppliedMigration> applied;
  {
    Query exists = db.query(kExists);
    VF_ASSIGN(const auto found, exists.step());
    if (!found) return applied;
  }
  Query query = db.query(kApplied);
  while (true) {
    VF_ASSIGN(const auto row, query.step());
    if (!row) return applied;
    applied.push_back({.version = query.integer_at(0),
                       .name = query.text_at(1),
                       .checksum = query.text_at(2),
                       .runs_with = query.integer_at(3)});
  }
}

/// Returns the migrations that were applied to the database at `path`; empty if the file does not exist.
Result<std::vector<AppliedMigration>> applied_in(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) return std::vector<AppliedMigration>{};
  VF_ASSIGN(auto db, Connection::open({.path = path, .read_only = true}));
  return applied_migrations(db);
}

Result<void> apply_steps(Connection& db, const Migration& migration, Instant now) {
  VF_TRY(db.run(std::string(migration.sql)));
  Query record = db.query(kRecord);
  record.integer(migration.version).text(migration.name).text(migration.checksum).integer(migration.runs_with);
  return record.time(now).run();
}

Error in_migration(const Migration& migration, Error error) {
  error.message = fmt::format("migration {}: {}", migration.name, error.message);
  return error;
}

/// Applies all pending migrations under one write lock, so that two processes that open the same new file apply each
/// migration once.
Result<std::vector<std::string>> migrate_locked(Connection& db, std::span<const Migration> known,
                                                const MigrationTarget& target, Instant now) {
  VF_TRY(db.query(kCreate).run());
  VF_ASSIGN(const auto applied, applied_migrations(db));
  VF_ASSIGN(const auto plan, plan_migrations(known, applied, target));
  std::vector<std::string> names;
  for (const Migration& migration : plan) {
    if (auto done = apply_steps(db, migration, now); !done) return in_migration(migration, done.error());
    names.emplace_back(migration.name);
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> pending_migrations(const std::string& path, std::span<const Migration> known,
                                                    const MigrationTarget& target) {
  VF_ASSIGN(const auto applied, applied_in(path));
  VF_ASSIGN(const auto plan, plan_migrations(known, applied, target));
  std::vector<std::string> names;
  for (const Migration& migration : plan) names.emplace_back(migration.name);
  return names;
}

Result<std::vector<std::string>> newer_migrations(const std::string& path, std::span<const Migration> known) {
  VF_ASSIGN(const auto applied, applied_in(path));
  return store::newer_migrations(known, applied);
}

Result<std::vector<std::string>> migrate(Connection& db, std::span<const Migration> known,
                                         const MigrationTarget& target, Instant now) {
  VF_TRY(db.run("BEGIN IMMEDIATE"));
  auto names = migrate_locked(db, known, target, now);
  if (names) {
    if (auto committed = db.run("COMMIT"); committed)
      return names;
    else
      names = committed.error();
  }
  if (db.in_transaction()) (void)db.run("ROLLBACK");
  return names;
}

}  // namespace vf::store::sqlite
