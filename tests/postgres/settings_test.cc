// The defaults of server, database and role change nothing that the hub promises. Scope: migrations, partitions and
// confirmed commits; tests/conformance runs the whole suites with hostile defaults.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "postgres/hostile_defaults.h"
#include "postgres/outbox_fixture.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/risks.h"

namespace vf::postgres_test {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// Returns the bounds of all partitions, in one format.
std::vector<std::string> partitions(const std::string& url) {
  auto db = connect(url);
  run(db,
      "SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET quote_all_identifiers = "
      "off");
  const auto rows = db.query(
      "SELECT c.relname::text || ' ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class c "
      "WHERE c.relispartition AND c.relkind = 'r' ORDER BY 1");
  EXPECT_TRUE(rows) << rows.error().message;
  std::vector<std::string> found;
  for (int i = 0; rows && i < rows->size(); ++i) found.push_back(rows->text_at(i, 0));
  return found;
}

struct Schema {
  std::string name;
  std::function<Result<std::vector<std::string>>(const std::string& url)> migrate;
};
class HostileDefaults : public testing::TestWithParam<Schema> {};

// Functions of the schema write the bounds of partitions as text: in another time zone or format they would be wrong.
TEST_P(HostileDefaults, MigrationsMakeTheSamePartitions) {
  Server& server = Server::shared();
  const std::string plain = server.fresh_database();
  const std::string hostile = server.fresh_database();
  make_defaults_hostile(hostile);
  for (const std::string& url : {plain, hostile}) {
    const auto migrated = GetParam().migrate(url);
    ASSERT_TRUE(migrated) << migrated.error().message;
  }
  EXPECT_FALSE(partitions(plain).empty());
  EXPECT_EQ(partitions(hostile), partitions(plain));
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, HostileDefaults,
    testing::Values(Schema{"Shared", [](const std::string& url) { return store::postgres::migrate_outbox(url); }},
                    Schema{"Environment",
                           [](const std::string& url) { return store::postgres::migrate_environment(url, "stage"); }}),
    [](const auto& info) { return info.param.name; });

// A running hub makes the partitions of the days to come.
TEST(HostileDefaultsOfARunningHub, PartitionsOfDaysToComeAreTheSame) {
  Server& server = Server::shared();
  const std::string plain = migrated_database(server);
  const std::string hostile = migrated_database(server);
  make_defaults_hostile(hostile);
  for (const std::string& url : {plain, hostile}) {
    auto store = open_store({.url = url, .role = "test", .server_time = false});
    ASSERT_TRUE(store);
    const Instant later = kStart + std::chrono::days{90};
    ASSERT_TRUE(store->write(std::vector<Write>{adding(1, later)}, later, nullptr));
    ASSERT_TRUE(store->write(std::vector<Write>{store::RetentionStep{
                                 .outbox_before = kStart, .ledger_before = kStart, .held_by = {}, .rows_max = 100}},
                             later, nullptr));
  }
  EXPECT_EQ(partitions(hostile), partitions(plain));
}

/// A server that waits for a synchronous standby that does not exist, and cancels these waits.
class CancelledWait : public testing::Test {
 protected:
  /// Returns when commits wait. The server's checkpointer switches this on, some time after the setting is changed.
  void lose_standby() {
    run(other_, "ALTER SYSTEM SET synchronous_standby_names = 'missing'");
    run(other_, "SELECT pg_reload_conf()");
    std::jthread committer([this](const std::stop_token& stop) {
      auto db = connect(url_);
      run(db, "SET synchronous_commit = on");
      while (!stop.stop_requested()) (void)db.run("SELECT pg_current_xact_id()");
    });
    while (other_.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")->empty()) continue;
    committer.request_stop();
    while (!other_.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")->empty())
      continue;
  }
  void find_standby() {
    run(other_, "ALTER SYSTEM RESET synchronous_standby_names");
    run(other_, "SELECT pg_reload_conf()");
    run(other_, "SET synchronous_commit = on");
    run(other_, "SELECT pg_current_xact_id()");  // returns when commits wait no more
    while (!other_.query("SHOW synchronous_standby_names")->text_at(0, 0).empty()) continue;
  }
  /// Runs `commit`, and cancels each wait for the standby until it returns.
  template <class Commit>
  auto cancelling(const Commit& commit) {
    std::jthread canceller([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        (void)other_.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    });
    return commit();
  }
  template <class T>
  static void expect_unconfirmed(const Result<T>& done) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::unavailable);
    EXPECT_THAT(done.error().message, HasSubstr("outcome is unknown"));
  }

  Server server_{{.fsync = false}};
  std::string url_ = migrated_database(server_);
  Connection other_ = connect(url_);
};

TEST_F(CancelledWait, IsNoticedWhateverTheRolesDefaults) {
  for (const char* level : {"off", "local", "remote_write", "on", "remote_apply"}) {
    run(other_, "ALTER ROLE hub SET client_min_messages = error");
    run(other_, fmt::format("ALTER ROLE hub SET synchronous_commit = {}", level));
    auto store = open_store({.url = url_, .role = "test"});
    ASSERT_TRUE(store);
    lose_standby();
    SCOPED_TRACE(level);
    expect_unconfirmed(cancelling([&] { return store->write(std::vector<Write>{adding(1)}, kStart, nullptr); }));
    const store::PutSetting setting{.key = "k", .value = "v"};
    expect_unconfirmed(cancelling([&] { return store->write(std::vector<Write>{setting}, kStart, nullptr); }));
    find_standby();
  }
}

// A commit whose wait was cancelled is visible all the same: the provider's resend is a duplicate of it.
TEST_F(CancelledWait, IsNotForgottenWhenTheEventIsSentAgain) {
  auto store = open_store({.url = url_, .role = "test"});
  ASSERT_TRUE(store);
  const auto send = [&store] { return store->write(std::vector<Write>{adding(1)}, kStart, nullptr); };
  lose_standby();
  for (int i = 0; i < 3; ++i) expect_unconfirmed(cancelling(send));
  EXPECT_EQ(integer(other_, "SELECT count(*) FROM ingest.ingest_outbox"), 1);
  find_standby();
  const auto confirmed = send();
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  EXPECT_TRUE(std::get<store::EventAdded>(confirmed->front()).duplicate);
}

TEST_F(CancelledWait, OfAnEnvironmentIsNotForgottenWhenTheEventIsDeliveredAgain) {
  const std::string url = server_.fresh_database();
  ASSERT_TRUE(store::postgres::migrate_environment(url, "stage"));
  auto store = store::postgres::open_environment({.url = url, .environment = "stage", .tables = {}});
  ASSERT_TRUE(store) << store.error().message;
  store::Projection event;
  event.event_id = id_at(kStart, 1);
  event.status = store::Applied::ignored;
  const auto deliver = [&] { return (*store)->apply(std::span(&event, 1), kStart, nullptr); };
  lose_standby();
  for (int i = 0; i < 3; ++i) expect_unconfirmed(cancelling(deliver));
  find_standby();
  const auto confirmed = deliver();
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  EXPECT_THAT(*confirmed, testing::ElementsAre(store::Applied::duplicate));
}

// Through PgBouncer a statement may run in a session that began after the hub had asked for the defaults.
TEST_F(CancelledWait, IsNoticedInALaterSession) {
  run(other_, "CREATE TABLE public.t (n bigint)");
  Connection db = connect(url_);
  lose_standby();
  run(db, "SET client_min_messages = error; SET synchronous_commit = local");  // stands for another session's defaults
  const std::string sql =
      fmt::format("WITH added AS (INSERT INTO public.t VALUES (1) RETURNING n) SELECT n, {} FROM added",
                  store::postgres::kConfirmedCommit);
  expect_unconfirmed(cancelling([&] { return db.write_at_once(sql, Values()); }));
  EXPECT_EQ(db.run("SHOW synchronous_commit")->text_at(0, 0), "local") << "the session keeps its settings";
}

TEST(PostgresRisks, SettingsThatLoseDataAreReported) {
  Server server({.fsync = false, .settings = {"full_page_writes=off", "zero_damaged_pages=on"}});
  auto db = connect(server.url("postgres"));
  const auto found = store::postgres::risks(db);
  ASSERT_TRUE(found) << found.error().message;
  for (const char* setting : {"fsync", "full_page_writes", "zero_damaged_pages", "synchronous_standby_names"})
    EXPECT_THAT(*found, Contains(HasSubstr(setting)));
}

}  // namespace
}  // namespace vf::postgres_test
