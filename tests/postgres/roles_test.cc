// Rights: vfmigrator owns everything; vfapp can do all that the hub does and cannot change a schema.
#include "postgres/outbox_fixture.h"
#include "store/postgres/outbox/schema.h"

namespace vf::postgres_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Roles : public testing::Test {
 protected:
  static std::string as(std::string url, const std::string& role) {
    return url.replace(url.find("user=hub"), sizeof("user=hub") - 1, "user=" + role);
  }
  Roles() {
    auto db = connect(server_.url("postgres"));
    run(db,
        "DO $$ BEGIN CREATE ROLE vfmigrator LOGIN; CREATE ROLE vfapp LOGIN; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    run(db, "ALTER DATABASE " + Server::database_of(url_) + " OWNER TO vfmigrator");
  }

  Server& server_ = Server::shared();
  std::string url_ = server_.fresh_database();
  Connection db_ = connect(url_);
};

TEST_F(Roles, VfappCanDoAllThatTheHubDoes) {
  const auto migrated = store::postgres::migrate_outbox(as(url_, "vfmigrator"));
  ASSERT_TRUE(migrated) << migrated.error().message;
  for (const bool whole_days : {true, false}) {
    const auto store =
        open_store({.url = as(url_, "vfapp"), .role = "test", .server_time = false, .whole_days = whole_days});
    ASSERT_NE(store, nullptr);
    AddEvent keyed = adding(2);
    keyed.body_key = std::string(32, 'k');
    keyed.replay_guard = std::chrono::minutes{10};
    AddEvent captured = adding(3);
    captured.body_key = keyed.body_key;
    captured.replay_guard = keyed.replay_guard;
    const Instant later = kStart + std::chrono::days{30};
    const auto added = store->write(std::vector<Write>{adding(1), keyed, captured}, kStart, nullptr);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_TRUE(std::get<store::EventAdded>(added->at(2)).duplicate);
    const Position second = std::get<store::EventAdded>(added->at(1)).position;
    const std::vector<Write> others{
        store::StartConsumer{"stage", store::StartConsumer::At::now},
        store::MoveCursor{"stage", *store->end(), "test"},
        store::PutDelivery{.target = "stage", .position = *store->end(), .event_id = id_at(kStart, 1), .reason = ""},
        store::DropDelivery{"stage", id_at(kStart, 1)},
        store::PutDelivery{.target = "stage", .position = second, .event_id = id_at(kStart, 2), .reason = ""},
        store::PutDelivery{.target = "production", .position = second, .event_id = id_at(kStart, 2), .reason = ""},
        store::PutSetting{"a", "b"},
        store::PutSetting{"a", ""},
        store::AddAudit{.at = kStart, .actor = "anna", .action = "read", .detail = ""},
        store::TakeLease{"stage", "me", Millis{1000}},
        store::DropLease{"stage", "me"},
        store::RequestRun{.id = id_at(kStart, 1), .job = "retention", .asked_by = "ops"},
        store::ClaimRun{.id = id_at(kStart, 2), .job = "retention", .holder = "me", .span = Millis{60'000}},
        store::UpdateRun{.id = id_at(kStart, 1), .holder = "me", .span = Millis{60'000}},
        store::StopRun{id_at(kStart, 1)},
        store::EndRun{.id = id_at(kStart, 1), .holder = "me"},
        store::PurgeRuns{.ended_before = later}};
    const auto done = store->write(others, kStart, nullptr);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(store->runs({})->front().id, id_at(kStart, 1));
    EXPECT_EQ(store->last_runs()->size(), 1u);
    ASSERT_TRUE(db_.run("DELETE FROM dm.job_runs")) << "the same id is used again";
    const Instant before = later - std::chrono::days{1};
    store::RetentionStep step{.outbox_before = before, .ledger_before = before, .held_by = {}};
    const auto retain = [&] {
      for (int64_t left = 1; left > 0;) {
        const auto removed = store->write(std::vector<Write>{step}, later, nullptr);
        ASSERT_TRUE(removed) << removed.error().message;
        left = std::get<store::RowsRemoved>(removed->front()).removed;
      }
    };
    retain();
    EXPECT_FALSE(*store->ledger(id_at(kStart, 1)));
    EXPECT_TRUE(store->find(id_at(kStart, 2))->has_value()) << "kept for its dead letters";
    ASSERT_TRUE(store->write(std::vector<Write>{store::DropDelivery{"stage", id_at(kStart, 2)}}, later, nullptr));
    step.deliveries_before = before;
    retain();
    EXPECT_FALSE(store->find(id_at(kStart, 2))->has_value());
    EXPECT_TRUE(store->ping());
  }
}

TEST_F(Roles, VfappCannotChangeSchemaOrEra) {
  ASSERT_TRUE(store::postgres::migrate_outbox(as(url_, "vfmigrator")));
  auto db = connect(as(url_, "vfapp"));
  for (const char* sql :
       {"DROP TABLE ingest.ingest_settings", "TRUNCATE ingest.ingest_outbox",
        "UPDATE ingest.ingest_outbox SET body = ''", "SELECT ingest.open_era()", "CREATE TABLE ingest.mine (n bigint)",
        "UPDATE ingest.processed_webhooks SET seq = 0", "TRUNCATE dm.job_runs", "CREATE TABLE dm.mine (n bigint)"}) {
    EXPECT_FALSE(db.run(sql)) << sql;
    EXPECT_EQ(db.last_sqlstate(), "42501") << sql;
  }
}

TEST_F(Roles, MigratingAsVfappNamesTheMissingRight) {
  const auto refused = store::postgres::migrate_outbox(as(url_, "vfapp"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("migrate as vfmigrator"), HasSubstr("the role vfapp may not create a schema")));
}

TEST_F(Roles, AMissingRightIsNamedWithItsGrantor) {
  auto db = connect(url_);
  const std::string name = Server::database_of(url_);
  run(db, "ALTER DATABASE " + name + " OWNER TO hub");
  const auto message = [this] {
    const auto refused = store::postgres::migrate_outbox(as(url_, "vfmigrator"));
    EXPECT_FALSE(refused);
    return refused ? "" : refused.error().message;
  };
  EXPECT_THAT(message(), HasSubstr("GRANT CREATE ON DATABASE " + name + " TO vfmigrator"));
  run(db, "CREATE SCHEMA ingest");
  EXPECT_THAT(message(), HasSubstr("schema ingest belongs to hub, and the role vfmigrator may not create in it"));
  run(db, "DROP SCHEMA ingest; GRANT CREATE ON DATABASE " + name + " TO vfmigrator");
  ASSERT_TRUE(store::postgres::migrate_outbox(as(url_, "vfmigrator")));
  run(db,
      "ALTER TABLE ingest._migrations OWNER TO hub; "
      "REVOKE ALL ON ingest._migrations FROM vfmigrator; GRANT SELECT ON ingest._migrations TO vfmigrator");
  auto migrator = connect(as(url_, "vfmigrator"));
  auto schema = store::postgres::outbox_schema(migrator);
  std::vector<store::Migration> known(schema.known.begin(), schema.known.end());
  known.push_back({known.back().version + 1, "next_version", "ff", "SELECT 1", 0});
  schema.known = known;
  const auto refused = store::postgres::migrate(migrator, schema);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("tables of schema ingest belong to hub, not to vfmigrator"),
                                             Not(HasSubstr("which grants it"))));
}

TEST_F(Roles, AForeignTableNeedsAnotherDatabase) {
  auto db = connect(url_);
  run(db, "CREATE SCHEMA ingest AUTHORIZATION vfmigrator; CREATE TABLE ingest.ingest_outbox (n bigint)");
  const auto refused = store::postgres::migrate_outbox(url_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("ingest_outbox"), HasSubstr("a database of its own"), Not(HasSubstr("defect"))));
}

}  // namespace
}  // namespace vf::postgres_test
