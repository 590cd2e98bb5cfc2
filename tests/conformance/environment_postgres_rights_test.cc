// The owner of an environment's database on PostgreSQL, and the rights that vfapp has and lacks there.
#include <thread>

#include "environment_postgres.h"
#include "store/postgres/schema.h"

namespace vf::store::conformance {
namespace {

using postgres::Connection;
using testing::IsEmpty;

std::string as(std::string url, const std::string& user) {
  const std::string superuser = "user=hub";
  url.replace(url.find(superuser), superuser.size(), "user=" + user);
  return url;
}

std::vector<std::string> texts(Connection& db, const std::string& sql) {
  const auto rows = db.query(sql);
  EXPECT_TRUE(rows) << rows.error().message;
  std::vector<std::string> found;
  for (int i = 0; rows && i < rows->size(); ++i) found.push_back(rows->text_at(i, 0));
  return found;
}

// Names of tables and functions in `public` whose owner is not `owner`.
std::vector<std::string> owned_by_others(Connection& db, const std::string& owner) {
  return texts(db,
               "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> "
               "(SELECT oid FROM pg_roles WHERE rolname = '" +
                   owner +
                   "') UNION ALL "
                   "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner <> "
                   "(SELECT oid FROM pg_roles WHERE rolname = '" +
                   owner + "')");
}

std::string fresh_migrated() {
  std::string url = postgres_test::Server::shared().fresh_database();
  const auto applied = postgres::migrate_environment(url, "stage");
  EXPECT_TRUE(applied) << applied.error().message;
  return url;
}

std::unique_ptr<EnvironmentStore> open_as_app(const std::string& url) {
  auto store =
      postgres::open_environment({.url = as(url, "vfapp"), .environment = "stage", .tables = projections::tables()});
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

TEST(PostgresRights, VfmigratorOwnsEverythingEvenIfASuperuserMigrates) {
  auto db = Connection::open({.url = fresh_migrated(), .role = "test"});
  EXPECT_THAT(owned_by_others(*db, "vfmigrator"), IsEmpty());
  EXPECT_GT(texts(*db, "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace").size(), 20u);
}

TEST(PostgresRights, VfappCanDoEverythingThatAStoreDoes) {
  const std::string url = fresh_migrated();
  auto store = open_as_app(url);
  ASSERT_NE(store, nullptr);
  const auto read = [&url](const Table& table) { return postgres_test::read_table(url, table); };
  expect_full_rows_stored(*store, read);
  expect_full_rows_stored(*store, read);  // a duplicate
  Projection retry = quarantined(2, "reason");
  const auto refused = store->apply(std::span(&retry, 1), kStart, nullptr);
  ASSERT_TRUE(refused) << refused.error().message;
  retry = projection(2);
  retry.force = true;
  const auto released = store->apply(std::span(&retry, 1), kStart, nullptr);
  ASSERT_TRUE(released) << released.error().message;
  EXPECT_THAT(*store->quarantined(10), IsEmpty());
  retry = quarantined(4, "reason");
  ASSERT_TRUE(store->apply(std::span(&retry, 1), kStart, nullptr));
  EXPECT_EQ(store->quarantined_after({}, 10)->size(), 1u);
  EXPECT_EQ(store->drop_quarantined({&retry.event_id, 1}).value_or(0), 1);
  auto db = Connection::open({.url = url, .role = "test"});
  const Instant later = db->query("SELECT now() + interval '30 days'")->time_at(0, 0);
  const auto purged = store->purge({.processed_before = later, .quarantined_before = later, .rows_max = 10});
  ASSERT_TRUE(purged) << purged.error().message;
  EXPECT_GE(*purged, 3) << "partitions too";
  const Uuid run = projection(3).event_id;
  const std::vector<RunWrite> writes{
      RequestRun{.id = run, .job = "purge", .asked_by = "ops"},
      ClaimRun{.id = {}, .job = "purge", .holder = "me", .span = Millis{60'000}},
      UpdateRun{.id = run, .holder = "me", .span = Millis{60'000}},
      StopRun{run},
      EndRun{.id = run, .holder = "me"},
      ClaimRun{.id = {}, .job = "purge", .holder = "me", .span = Millis{60'000}, .due = kStart},
      EndRun{.id = {}, .holder = "me"},
      PurgeRuns{.ended_before = later}};
  for (const RunWrite& write : writes) {
    const auto written = store->write_run(write, kStart);
    ASSERT_TRUE(written) << write.index() << ": " << written.error().message;
  }
  EXPECT_EQ(store->runs({})->size(), 1u);
  EXPECT_TRUE(store->ping());
}

TEST(PostgresRights, VfappMayNotDoMore) {
  const std::string url = fresh_migrated();
  auto app = Connection::open({.url = as(url, "vfapp"), .role = "test"});
  ASSERT_TRUE(app) << app.error().message;
  for (const char* sql : {
           "DROP TABLE channels",
           "DROP VIEW current_bans",
           "DROP FUNCTION _grant_rights()",
           "ALTER TABLE channels ADD COLUMN x integer",
           "ALTER TABLE channels RENAME TO y",
           "TRUNCATE channels",
           "TRUNCATE processed_events",
           "DELETE FROM channels",
           "CREATE TABLE x (y integer)",
           "CREATE SCHEMA x",
           "CREATE FUNCTION x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
           "CREATE INDEX ON channels (title)",
           "CREATE ROLE x",
           "SET ROLE vfmigrator",
           "INSERT INTO _migrations VALUES (99, 'x', 'y', 0)",
           "DELETE FROM _migrations",
           "UPDATE _migrations SET name = 'x'",
           "UPDATE processed_events SET received_at = now()",
           "SELECT _grant_rights()",
           "SELECT _add_event_week('2030-01-07')",
           "SELECT _lock_partitions()",
           "COPY channels TO PROGRAM 'true'",
       }) {
    EXPECT_FALSE(app->run(sql)) << sql;
    EXPECT_EQ(app->last_sqlstate(), "42501") << sql;
  }
  EXPECT_THAT(texts(*app, "SELECT relname::text FROM pg_class WHERE pg_get_userbyid(relowner) = 'vfapp'"), IsEmpty());
  EXPECT_FALSE(postgres::migrate_environment(postgres_test::Server::shared().fresh_database() + "&user=vfapp", "stage"))
      << "nor migrate a database that it does not own";
}

TEST(PostgresRights, AnOwnerWithoutSpecialRightsMigratesAsItself) {
  auto& server = postgres_test::Server::shared();
  const std::string url = server.fresh_database();
  auto super = Connection::open({.url = url, .role = "test"});
  const std::string name = texts(*super, "SELECT current_database()::text")[0];
  ASSERT_TRUE(super->run("CREATE ROLE plain LOGIN; ALTER DATABASE " + name + " OWNER TO plain"));
  const auto applied = postgres::migrate_environment(as(url, "plain"), "stage");
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_FALSE(applied->empty());
  EXPECT_THAT(owned_by_others(*super, "plain"), IsEmpty());
  const auto again = postgres::migrate_environment(url, "stage");  // a superuser does not change the owner
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(*again, IsEmpty());
  EXPECT_THAT(owned_by_others(*super, "plain"), IsEmpty());
}

TEST(PostgresMigrate, TwoAtOnceTakeTurns) {
  const std::string url = postgres_test::Server::shared().fresh_database();
  std::vector<Result<std::vector<std::string>>> outcomes(4);
  {
    std::vector<std::jthread> threads;
    for (auto& outcome : outcomes)
      threads.emplace_back([&url, &outcome] { outcome = postgres::migrate_environment(url, "stage"); });
  }
  size_t applied = 0;
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome) << outcome.error().message;
    applied += outcome->size();
  }
  EXPECT_EQ(applied, postgres::environment_migrations().size()) << "each migration once";
  EXPECT_THAT(*postgres::pending_environment(url, "stage"), IsEmpty());
}

}  // namespace
}  // namespace vf::store::conformance
