#include "store/postgres/roles.h"

#include <fmt/format.h>

#include "store/postgres/schema.h"

namespace vf::store::postgres {
namespace {

// Roles belong to the cluster: a process that migrates another database of the cluster may create the roles at the same
// time.
constexpr const char* kMakeRoles = R"(
DO $$
DECLARE
  v_role text;
BEGIN
  IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  FOREACH v_role IN ARRAY ARRAY['vfmigrator', 'vfapp'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I LOGIN', v_role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END $$)";

// Columns: whether this user may act as vfmigrator and no other role owns the migrations; whether the user may grant
// rights on the database; the database's quoted name.
constexpr const char* kMayAct =
    "SELECT r.rolname <> current_user AND pg_catalog.pg_has_role(r.oid, 'MEMBER') AND NOT EXISTS ("
    "  SELECT FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1) AND c.relowner <> r.oid), "
    "pg_catalog.pg_has_role(d.datdba, 'MEMBER'), pg_catalog.quote_ident(d.datname) "
    "FROM pg_catalog.pg_roles r, pg_catalog.pg_database d "
    "WHERE r.rolname = 'vfmigrator' AND d.datname = pg_catalog.current_database()";

/// Grants vfmigrator the right to create in the database. Takes a lock, because two concurrent grants would collide.
Result<void> grant_creation(Connection& db, const std::string& database) {
  return db.transaction([&]() -> Result<void> {
    VF_TRY(db.run(
        fmt::format("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('vf roles', 0)); "
                    "GRANT CREATE ON DATABASE {} TO vfmigrator; GRANT USAGE, CREATE ON SCHEMA public TO vfmigrator",
                    database)));
    return {};
  });
}

}  // namespace

Result<Connection> connect_to_migrate(const std::string& url, const std::string& schema) {
  const ConnectionParams params{.url = url, .role = "migrate"};
  VF_ASSIGN(auto db, Connection::open(params));
  VF_TRY(db.write(kMakeRoles));
  const auto may_act = db.query(kMayAct, Values().text(fmt::format(R"("{}"._migrations)", schema)));
  if (!may_act) return explain(db, schema, may_act.error());
  if (may_act->empty() || !may_act->boolean_at(0, 0)) return db;
  if (may_act->boolean_at(0, 1)) {
    VF_TRY(grant_creation(db, may_act->text_at(0, 2)));
  }
  ConnectionParams as_migrator = params;
  as_migrator.on_connect = [](Connection& connection) -> Result<void> {
    VF_TRY(connection.run("SET ROLE vfmigrator"));
    return {};
  };
  return Connection::open(std::move(as_migrator));
}

}  // namespace vf::store::postgres
