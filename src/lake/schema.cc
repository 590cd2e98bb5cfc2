#include "lake/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/row_binary.h"

namespace vf::lake {
namespace {

constexpr std::string_view kBookkeeping =
    "CREATE DATABASE IF NOT EXISTS vf;\n"
    "CREATE TABLE IF NOT EXISTS vf._migrations (version Int64, name String, checksum String, applied_at DateTime64(3, "
    "'UTC')) ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;\n";

Result<bool> execute_all(const Execute& execute, std::string_view sql) {
  for (const auto statement : split_statements(sql)) {
    if (auto done = execute(std::string(statement)); !done) return done.error();
  }
  return true;
}

// One row a version, though a kill between two inserts may have left two.
Result<std::vector<store::AppliedMigration>> applied_migrations(const Execute& execute) {
  auto bytes =
      execute("SELECT version, any(name), any(checksum) FROM vf._migrations GROUP BY version ORDER BY version");
  if (!bytes) return bytes.error();
  std::vector<store::AppliedMigration> applied;
  row_binary::Reader reader(*bytes);
  while (!reader.at_end()) {
    auto& migration = applied.emplace_back();
    migration.version = reader.read_int<int64_t>();
    migration.name = reader.read_string();
    migration.checksum = reader.read_string();
  }
  if (!reader.ok()) return internal("lake: vf._migrations is not readable");
  return applied;
}

}  // namespace

std::vector<std::string_view> split_statements(std::string_view sql) {
  std::vector<std::string_view> statements;
  while (!sql.empty()) {
    const size_t end = std::min(sql.find(";\n"), sql.size());
    std::string_view statement = sql.substr(0, end);
    sql.remove_prefix(std::min(end + 2, sql.size()));
    statement.remove_prefix(std::min(statement.find_first_not_of(" \r\n"), statement.size()));
    if (!statement.empty()) statements.push_back(statement);
  }
  return statements;
}

Result<std::vector<Migration>> pending_migrations(const Execute& execute, std::span<const Migration> known) {
  if (auto ready = execute_all(execute, kBookkeeping); !ready) return ready.error();
  auto applied = applied_migrations(execute);
  if (!applied) return applied.error();
  return store::plan_migrations(known, *applied, {.database = "the lake", .command = "vf migrate lake"});
}

Result<size_t> migrate(const Execute& execute, std::span<const Migration> known, Instant now) {
  auto pending = pending_migrations(execute, known);
  if (!pending) return pending.error();
  for (const auto& migration : *pending) {
    if (auto done = execute_all(execute, migration.sql); !done) return done.error();
    auto recorded =
        execute(fmt::format("INSERT INTO vf._migrations SELECT {}, '{}', '{}', fromUnixTimestamp64Milli({})",
                            migration.version, migration.name, migration.checksum, unix_millis(now)));
    if (!recorded) return recorded.error();
  }
  return pending->size();
}

}  // namespace vf::lake
