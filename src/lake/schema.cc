#include "lake/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lake/raw_events.h"
#include "lake/row_binary.h"

namespace vf::lake {
namespace {

constexpr std::string_view kBookkeeping =
    "CREATE DATABASE IF NOT EXISTS vf{on_cluster};\n"
    "CREATE TABLE IF NOT EXISTS vf._migrations{on_cluster} (version Int64, name String, checksum String, applied_at "
    "DateTime64(3, 'UTC'), runs_with Int64) ENGINE = {engine} ORDER BY version SETTINGS fsync_after_insert = 1, "
    "fsync_part_directory = 1{settings};\n"
    "ALTER TABLE vf._migrations{on_cluster} ADD COLUMN IF NOT EXISTS runs_with Int64;\n";

// {shard}, {replica}, {database} and {table} are the server's own macros. The deduplication window is as long as the
// outbox may hold rows, so that the server still knows a batch's token when the batch is sent again.
constexpr std::string_view kReplicatedEngine =
    "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')";
constexpr std::string_view kReplicatedSettings =
    ", replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800";

// The checksum of migration 1 before its text had placeholders. On one server that text created the same table.
constexpr std::string_view kFirstChecksum = "ee381d612605ebd1cc8e86f41a1692195d846ec16962c2e6142ee8c516285a3a";

Result<void> execute_all(const Execute& execute, std::string_view sql) {
  for (const auto statement : split_statements(sql)) {
    VF_TRY(execute(std::string(statement)));
  }
  return {};
}

Result<bool> is_true(Result<std::string> answer) {
  if (!answer) return answer.error();
  return *answer == "\1";
}

Result<bool> is_there(const Execute& execute, std::string_view also = "") {
  return is_true(execute(fmt::format(
      "SELECT toUInt8(count() > 0) FROM system.tables WHERE database = 'vf' AND name = '_migrations'{}", also)));
}

// Returns one row for each version, although a kill between two inserts may have left two. The column runs_with is
// missing in a lake that was last migrated before the column existed.
Result<std::vector<store::AppliedMigration>> applied_migrations(const Execute& execute,
                                                                std::span<const Migration> known) {
  std::vector<store::AppliedMigration> applied;
  VF_ASSIGN(auto exists, is_there(execute));
  if (!exists) return applied;
  VF_ASSIGN(auto has_runs_with, is_there(execute, " AND position(create_table_query, 'runs_with') > 0"));
  VF_ASSIGN(auto bytes,
            execute(fmt::format(
                "SELECT version, any(name), any(checksum), {} FROM vf._migrations GROUP BY version ORDER BY version",
                has_runs_with ? "any(runs_with)" : "toInt64(0)")));
  row_binary::Reader reader(bytes);
  while (!reader.at_end()) {
    auto& migration = applied.emplace_back();
    migration.version = reader.read_int<int64_t>();
    migration.name = reader.read_string();
    migration.checksum = reader.read_string();
    migration.runs_with = reader.read_int<int64_t>();
    if (migration.checksum == kFirstChecksum && !known.empty()) migration.checksum = known.front().checksum;
  }
  if (!reader.ok()) return internal("lake: vf._migrations cannot be read");
  return applied;
}

}  // namespace

std::vector<std::string> names_of(std::span<const Migration> pending, bool has_retention) {
  std::vector<std::string> names;
  for (const auto& migration : pending) names.emplace_back(migration.name);
  if (!has_retention) names.emplace_back("retention");
  return names;
}

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

std::string laid_out(std::string_view sql, const Layout& layout) {
  const bool replicated = !layout.cluster.empty();
  const std::string on_cluster = replicated ? " ON CLUSTER " + sql_literal(layout.cluster) : "";
  const std::array<std::pair<std::string_view, std::string_view>, 3> words = {
      {{"{on_cluster}", on_cluster},
       {"{engine}", replicated ? kReplicatedEngine : "MergeTree"},
       {"{settings}", replicated ? kReplicatedSettings : ""}}};
  std::string out;
  while (!sql.empty()) {
    const auto word = std::ranges::find_if(words, [sql](const auto& each) { return sql.starts_with(each.first); });
    out += word == words.end() ? sql.substr(0, 1) : word->second;
    sql.remove_prefix(word == words.end() ? 1 : word->first.size());
  }
  return out;
}

Result<std::vector<Migration>> pending_migrations(const Execute& execute, std::span<const Migration> known) {
  VF_ASSIGN(auto applied, applied_migrations(execute, known));
  return store::plan_migrations(known, applied, {.database = "the lake", .command = "vf migrate lake"});
}

Result<std::vector<std::string>> newer_migrations(const Execute& execute, std::span<const Migration> known) {
  VF_ASSIGN(const auto applied, applied_migrations(execute, known));
  return store::newer_migrations(known, applied);
}

Result<size_t> migrate(const Execute& execute, std::span<const Migration> known, const Layout& layout, Instant now) {
  VF_TRY(execute_all(execute, laid_out(kBookkeeping, layout)));
  VF_ASSIGN(auto pending, pending_migrations(execute, known));
  for (const auto& migration : pending) {
    VF_TRY(execute_all(execute, laid_out(migration.sql, layout)));
    auto recorded = execute(
        fmt::format("INSERT INTO vf._migrations (version, name, checksum, applied_at, runs_with) "
                    "SELECT {}, '{}', '{}', fromUnixTimestamp64Milli({}), {}",
                    migration.version, migration.name, migration.checksum, unix_millis(now), migration.runs_with));
    if (!recorded) return recorded.error();
  }
  return pending.size();
}

Result<bool> has_retention(const Execute& execute, const RetentionPolicy& wanted) {
  return is_true(execute(fmt::format(
      "SELECT toUInt8(countIf(position(engine_full, {}) > 0) > 0) FROM system.tables WHERE database = 'vf' AND name = "
      "'raw_events'",
      sql_literal("TTL " + ttl_expression(wanted) + " SETTINGS"))));
}

Result<void> set_retention(const Execute& execute, const RetentionPolicy& wanted) {
  VF_ASSIGN(const bool same, has_retention(execute, wanted));
  if (same) return {};
  VF_TRY(execute("ALTER TABLE vf.raw_events MODIFY TTL " + ttl_expression(wanted)));
  return {};
}

}  // namespace vf::lake
