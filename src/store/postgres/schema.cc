#include "store/postgres/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/connection.h"

namespace vf::store::postgres {
namespace {

// A migration may rewrite a table, so a statement may take long. Waits for locks are shorter, because other sessions
// queue behind a session that waits for a table lock.
constexpr TransactionLimits kLimits{.statement = std::chrono::hours{1}, .lock = Millis{60000}, .idle = Millis{60000}};
// SQLSTATEs of a database that another program uses: a table, schema, other object or function of that name exists
// already; a table lacks the column.
constexpr std::string_view kForeign[] = {"42P07", "42P06", "42710", "42723", "42703"};
constexpr const char* kRecord =
    R"(INSERT INTO "{}"._migrations (version, name, checksum, runs_with) VALUES ($1, $2, $3, $4))";
// Columns: the current user; the database's quoted name; whether the schema exists; whether the user may create in the
// schema; the schema's owner; the owner of one of the schema's tables that the user does not own.
constexpr const char* kRights = R"(
SELECT current_user::text, pg_catalog.quote_ident(pg_catalog.current_database()), n.oid IS NOT NULL,
  pg_catalog.has_schema_privilege(n.oid, 'CREATE'), pg_catalog.pg_get_userbyid(
    CASE WHEN n.nspowner = 'pg_database_owner'::regrole THEN d.datdba ELSE n.nspowner END)::text,
  (SELECT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid
   AND c.relkind IN ('r', 'p') AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
   ORDER BY c.relname <> '_migrations' LIMIT 1)
FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
WHERE d.datname = pg_catalog.current_database())";
constexpr std::string_view kTableLockTimeout = "SET LOCAL lock_timeout = 5000";

Result<std::vector<AppliedMigration>> applied_migrations(Connection& db, const std::string& schema) {
  const std::string table = fmt::format(R"("{}"._migrations)", schema);
  VF_ASSIGN(const auto exists, db.query("SELECT pg_catalog.to_regclass($1) IS NOT NULL", Values().text(table)));
  std::vector<AppliedMigration> applied;
  if (!exists.boolean_at(0, 0)) return applied;
  VF_ASSIGN(const auto rows,
            db.query(fmt::format("SELECT version, name, checksum, runs_with FROM {} ORDER BY version", table)));
  for (int i = 0; i < rows.size(); ++i) {
    applied.push_back({.version = rows.integer_at(i, 0),
                       .name = rows.text_at(i, 1),
                       .checksum = rows.text_at(i, 2),
                       .runs_with = rows.integer_at(i, 3)});
  }
  return applied;
}

Result<std::vector<Migration>> plan(Connection& db, const SchemaParams& params) {
  VF_ASSIGN(const auto applied, applied_migrations(db, params.schema));
  return plan_migrations(params.known, applied, params.target);
}

Result<void> take_turn(Connection& db, const std::string& schema) {
  VF_TRY(db.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
                  Values().text("vf migrate " + schema)));
  VF_TRY(db.run(std::string(kTableLockTimeout)));
  return {};
}

// Creates the schema only if it is missing: CREATE SCHEMA IF NOT EXISTS needs the right to create even when the schema
// exists.
Result<void> create_table(Connection& db, const std::string& schema) {
  VF_ASSIGN(const auto exists,
            db.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", Values().text(schema)));
  if (exists.empty()) {
    VF_TRY(db.run(fmt::format(R"(CREATE SCHEMA "{}")", schema)));
  }
  VF_TRY(db.run(fmt::format(
      R"(CREATE TABLE IF NOT EXISTS "{}"._migrations (version bigint PRIMARY KEY, name text NOT NULL, )"
      "checksum text NOT NULL, runs_with bigint NOT NULL, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now())",
      schema)));
  return {};
}

/// Runs `migration` and records it as `recorded`.
Result<void> apply(Connection& db, const std::string& schema, const Migration& migration,
                   std::span<const Migration> recorded) {
  auto done = db.run(std::string(migration.sql));
  for (const Migration& each : recorded) {
    if (!done) break;
    done = db.query(fmt::format(kRecord, schema),
                    Values().integer(each.version).text(each.name).text(each.checksum).integer(each.runs_with));
  }
  if (done) return {};
  Error error = done.error();
  error.message = fmt::format("migration {}: {}", migration.name, error.message);
  return error;
}

/// Returns the name of the right that `vf migrate` lacks, and of the role that can grant it.
Result<std::string> missing_right(Connection& db, const std::string& schema) {
  VF_ASSIGN(const auto rows, db.query(kRights, Values().text(schema)));
  const std::string user = rows.text_at(0, 0);
  const std::string as_migrator = user == "vfmigrator" ? "" : "migrate as vfmigrator, or ";
  if (!rows.boolean_at(0, 2)) {
    return fmt::format(
        "the role {0} may not create a schema: {1}the database's owner must run GRANT CREATE ON DATABASE "
        "{2} TO {0}",
        user, as_migrator, rows.text_at(0, 1));
  }
  if (!rows.boolean_at(0, 3)) {
    return fmt::format(
        "schema {0} belongs to {1}, and the role {2} may not create in it: {3}{1} must run GRANT USAGE, "
        "CREATE ON SCHEMA {0} TO {2}",
        schema, rows.text_at(0, 4), user, as_migrator);
  }
  if (!rows.is_null(0, 5)) {
    return fmt::format(
        "tables of schema {0} belong to {1}, not to {2}: migrate as {1}, or have a superuser run "
        "ALTER TABLE … OWNER TO {2} for them",
        schema, rows.text_at(0, 5), user);
  }
  return fmt::format(
      "the role {} lacks this right: migrate as the owner of the named object, or have the owner grant the right",
      user);
}

/// Applies the next pending migration, or the baseline if the database has no migration yet. Returns the names of the
/// migrations that this step covers; empty: no migration was pending.
Result<std::vector<std::string>> apply_next(Connection& db, const SchemaParams& params) {
  std::vector<std::string> names;
  const auto body = [&]() -> Result<void> {
    VF_TRY(take_turn(db, params.schema));
    VF_ASSIGN(const auto pending, plan(db, params));
    if (pending.empty()) return {};
    VF_TRY(create_table(db, params.schema));
    const bool is_new = pending.size() == params.known.size() && !params.baseline.empty();
    const Migration& step = is_new ? params.baseline.front() : pending.front();
    const auto end = std::ranges::find_if(pending, [&](const Migration& m) { return m.version > step.version; });
    const std::span<const Migration> covered(pending.begin(), end);
    for (const Migration& each : covered) names.emplace_back(each.name);
    return apply(db, params.schema, step, covered);
  };
  VF_TRY(db.transaction(body, kLimits));
  return names;
}

}  // namespace

Result<std::vector<std::string>> pending_migrations(Connection& db, const SchemaParams& params) {
  VF_ASSIGN(const auto pending, plan(db, params));
  std::vector<std::string> names;
  for (const Migration& migration : pending) names.emplace_back(migration.name);
  return names;
}

Result<std::vector<std::string>> newer_migrations(Connection& db, const SchemaParams& params) {
  VF_ASSIGN(const auto applied, applied_migrations(db, params.schema));
  return store::newer_migrations(params.known, applied);
}

Result<std::vector<std::string>> migrate(Connection& db, const SchemaParams& params) {
  std::vector<std::string> names;
  while (true) {
    const auto applied = apply_next(db, params);
    if (!applied) return explain(db, params.schema, applied.error());
    if (applied->empty()) return names;
    names.insert(names.end(), applied->begin(), applied->end());
  }
}

Error explain(Connection& db, const std::string& schema, const Error& error) {
  const ServerError reported = db.last_error();
  const auto with_advice = [&reported](std::string_view advice) {
    return fmt::format("PostgreSQL at {}: {} ({}): {}", reported.where, reported.message, reported.sqlstate, advice);
  };
  if (reported.sqlstate == "42501") {
    const auto missing = missing_right(db, schema);
    return missing ? Error{error.code, with_advice(*missing)} : error;
  }
  const auto is_foreign = [&](std::string_view sqlstate) { return reported.sqlstate == sqlstate; };
  if (std::ranges::none_of(kForeign, is_foreign)) return error;
  return conflict(
      with_advice("the database holds another program's object under a name that the hub needs: give the "
                  "hub a database of its own, and name it in the address"));
}

Result<void> check_migrated(Connection& db, const SchemaParams& params) {
  VF_ASSIGN(const auto pending, pending_migrations(db, params));
  if (pending.empty()) return {};
  return conflict(fmt::format("{} lacks {} migration{} ({}{}): run `{}`", params.target.database, pending.size(),
                              pending.size() == 1 ? "" : "s", pending.front(), pending.size() == 1 ? "" : ", …",
                              params.target.command));
}

}  // namespace vf::store::postgres
