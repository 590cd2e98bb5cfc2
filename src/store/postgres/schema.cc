#include "store/postgres/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/connection.h"

namespace vf::store::postgres {
namespace {

// A migration may rewrite a table; what it waits for is bounded all the same, lest everybody else wait behind it.
constexpr TransactionLimits kLimits{.statement = std::chrono::hours{1}, .lock = Millis{60000}, .idle = Millis{60000}};
constexpr const char* kRecord =
    R"(INSERT INTO "{}"._migrations (version, name, checksum, runs_with) VALUES ($1, $2, $3, $4))";
constexpr std::string_view kTableLockPatience = "SET LOCAL lock_timeout = 5000";

Result<std::vector<AppliedMigration>> applied_migrations(Connection& db, const std::string& schema) {
  const std::string table = fmt::format(R"("{}"._migrations)", schema);
  const auto exists = db.query("SELECT pg_catalog.to_regclass($1) IS NOT NULL", Values().text(table));
  if (!exists) return exists.error();
  std::vector<AppliedMigration> applied;
  if (!exists->boolean_at(0, 0)) return applied;
  const auto rows = db.query(fmt::format("SELECT version, name, checksum, runs_with FROM {} ORDER BY version", table));
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) {
    applied.push_back({rows->integer_at(i, 0), rows->text_at(i, 1), rows->text_at(i, 2), rows->integer_at(i, 3)});
  }
  return applied;
}

Result<std::vector<Migration>> plan(Connection& db, const SchemaParams& params) {
  const auto applied = applied_migrations(db, params.schema);
  if (!applied) return applied.error();
  return plan_migrations(params.known, *applied, params.target);
}

Result<bool> take_turn(Connection& db, const std::string& schema) {
  const auto locked = db.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
                               Values().text("vf migrate " + schema));
  if (!locked) return locked.error();
  const auto bounded = db.run(std::string(kTableLockPatience));
  if (!bounded) return bounded.error();
  return true;
}

// IF NOT EXISTS asks for the right to create, even of what exists.
Result<bool> create_table(Connection& db, const std::string& schema) {
  const auto exists = db.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", Values().text(schema));
  if (!exists) return exists.error();
  if (exists->empty()) {
    if (auto done = db.run(fmt::format(R"(CREATE SCHEMA "{}")", schema)); !done) return done.error();
  }
  const auto done = db.run(fmt::format(
      R"(CREATE TABLE IF NOT EXISTS "{}"._migrations (version bigint PRIMARY KEY, name text NOT NULL, )"
      "checksum text NOT NULL, runs_with bigint NOT NULL, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now())",
      schema));
  if (!done) return done.error();
  return true;
}

/// Runs `migration` and records it as `recorded`.
Result<bool> apply(Connection& db, const std::string& schema, const Migration& migration,
                   std::span<const Migration> recorded) {
  auto done = db.run(std::string(migration.sql));
  for (const Migration& each : recorded) {
    if (!done) break;
    done = db.query(fmt::format(kRecord, schema),
                    Values().integer(each.version).text(each.name).text(each.checksum).integer(each.runs_with));
  }
  if (done) return true;
  Error error = done.error();
  error.message = fmt::format("migration {}: {}", migration.name, error.message);
  return error;
}

/// One step: a migration, or the baseline for a database that has none. The names of those that stand now; empty when
/// nothing was left.
Result<std::vector<std::string>> apply_next(Connection& db, const SchemaParams& params) {
  std::vector<std::string> names;
  const auto done = db.transaction(
      [&]() -> Result<bool> {
        if (auto turn = take_turn(db, params.schema); !turn) return turn;
        const auto pending = plan(db, params);
        if (!pending) return pending.error();
        if (pending->empty()) return true;
        if (auto created = create_table(db, params.schema); !created) return created;
        const bool is_new = pending->size() == params.known.size() && !params.baseline.empty();
        const Migration& step = is_new ? params.baseline.front() : pending->front();
        const auto end = std::ranges::find_if(*pending, [&](const Migration& m) { return m.version > step.version; });
        const std::span<const Migration> stand(pending->begin(), end);
        for (const Migration& each : stand) names.emplace_back(each.name);
        return apply(db, params.schema, step, stand);
      },
      kLimits);
  if (!done) return done.error();
  return names;
}

}  // namespace

Result<std::vector<std::string>> pending_migrations(Connection& db, const SchemaParams& params) {
  const auto pending = plan(db, params);
  if (!pending) return pending.error();
  std::vector<std::string> names;
  for (const Migration& migration : *pending) names.emplace_back(migration.name);
  return names;
}

Result<std::vector<std::string>> newer_migrations(Connection& db, const SchemaParams& params) {
  const auto applied = applied_migrations(db, params.schema);
  if (!applied) return applied.error();
  return store::newer_migrations(params.known, *applied);
}

Result<std::vector<std::string>> migrate(Connection& db, const SchemaParams& params) {
  std::vector<std::string> names;
  while (true) {
    const auto applied = apply_next(db, params);
    if (!applied) return applied.error();
    if (applied->empty()) return names;
    names.insert(names.end(), applied->begin(), applied->end());
  }
}

Result<bool> check_migrated(Connection& db, const SchemaParams& params) {
  const auto pending = pending_migrations(db, params);
  if (!pending) return pending.error();
  if (pending->empty()) return true;
  return conflict(fmt::format("{} lacks {} migration{} ({}{}): run `{}`", params.target.database, pending->size(),
                              pending->size() == 1 ? "" : "s", pending->front(), pending->size() == 1 ? "" : ", …",
                              params.target.command));
}

}  // namespace vf::store::postgres
