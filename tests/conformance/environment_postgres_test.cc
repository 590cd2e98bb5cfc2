// PostgreSQL passes the conformance suite of EnvironmentStore, directly, through PgBouncer in transaction mode and with
// hostile defaults of its role; and tests of what is specific to PostgreSQL.
#include "environment_postgres.h"

#include <chrono>
#include <random>

#include "postgres/bouncer.h"
#include "postgres/hostile_defaults.h"

namespace vf::store::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PostgresEnvironment, EveryProjectedTableStoresAFullRow) {
  const std::string url = migrated_database();
  auto store = postgres::open_environment({.url = url, .environment = "stage", .tables = projections::tables()});
  ASSERT_TRUE(store) << store.error().message;
  expect_full_rows_stored(**store, [&url](const Table& table) { return postgres_test::read_table(url, table); });
}

TEST(PostgresEnvironment, AnUnmigratedDatabaseIsRefusedWithTheCommand) {
  const std::string url = postgres_test::Server::shared().fresh_database();
  const auto open = [&url] {
    return postgres::open_environment({.url = url, .environment = "stage", .tables = std::span(&kRuleTable, 1)});
  };
  auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::conflict);
  EXPECT_THAT(store.error().message, HasSubstr("`vf migrate env --env stage`"));
  ASSERT_TRUE(postgres::migrate_environment(url, "stage"));
  ASSERT_TRUE(open());
  auto db = postgres::Connection::open({.url = url, .role = "test"});
  ASSERT_TRUE(db->run("INSERT INTO public._migrations VALUES (9999, '9999_of_tomorrow', 'x', 0)"));
  store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::conflict);
  EXPECT_THAT(store.error().message, HasSubstr("9999_of_tomorrow"));
}

/// A row that only the server refuses: its key is too long for the index.
TEST(PostgresEnvironment, ServerRefusalsAreTracedToTheirProjections) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  std::mt19937 random(7);
  std::string endless;
  for (int i = 0; i < 20'000; ++i) endless += static_cast<char>('0' + random() % 64);
  std::vector<Projection> batch;
  for (uint32_t n = 0; n < 40; ++n) batch.push_back(projection(n, {row_with_min(std::to_string(n), 1)}));
  batch[11].rows.push_back(row_with_min(endless, 1));
  batch[30].rows.push_back(row_with_min(endless + "2", 1));
  Refusals refusals;
  const auto statuses = (*store)->apply(batch, kStart, &refusals);
  ASSERT_FALSE(statuses);
  EXPECT_EQ(statuses.error().code, Code::invalid);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_TRUE(refusals.contains(11) && refusals.contains(30));
  EXPECT_THAT(refusals.at(11), HasSubstr("54000"));
  EXPECT_FALSE((*store)->processed(batch[0].event_id)->has_value());
  EXPECT_THAT(host.rows(kRuleTable), IsEmpty()) << "the search is rolled back";
  batch.erase(batch.begin() + 30);
  batch.erase(batch.begin() + 11);
  EXPECT_TRUE((*store)->apply(batch, kStart, &refusals));
}

TEST(PostgresEnvironment, ARefusedJoinNamesOneOfItsProjections) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE(host.connect().run("ALTER TABLE every_rule ADD CHECK (min_number IS NULL OR max_number IS NULL)"));
  Row max = row_with_min("a", 1);
  max.cells[kMin].reset();
  max.cells[kMax] = int64_t{1};
  Refusals refusals;
  const std::vector<Projection> batch = {projection(1, {row_with_min("a", 1)}), projection(2, {max})};
  ASSERT_FALSE((*store)->apply(batch, kStart, &refusals));
  EXPECT_EQ(refusals.size(), 1u);
}

std::vector<std::string> versions(postgres::Connection& db) {
  const auto rows = db.query("SELECT ctid::text || ' ' || xmin::text || ' ' || xmax::text FROM every_rule ORDER BY 1");
  std::vector<std::string> found;
  for (int i = 0; i < rows->size(); ++i) found.push_back(rows->text_at(i, 0));
  return found;
}

/// A repeated row must not even be locked, because a row lock is a write.
TEST(PostgresEnvironment, RepeatedRowsAreNotTouched) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  auto db = host.connect();
  std::vector<Projection> batch;
  for (uint32_t n = 0; n < 20; ++n) batch.push_back(projection(n, {row_with_min(std::to_string(n), 5)}));
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  const auto before = versions(db);
  ASSERT_EQ(before.size(), 20u);
  for (Projection& each : batch) {
    each.force = true;
    each.rows.push_back(each.rows[0]);
    each.rows.back().cells[kMin] = int64_t{6};
  }
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  EXPECT_EQ(versions(db), before);
  batch[0].rows[0].cells[kMin] = int64_t{4};
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  EXPECT_NE(versions(db), before);
}

int64_t number(postgres::Connection& db, const std::string& sql) {
  const auto rows = db.query(sql);
  EXPECT_TRUE(rows) << rows.error().message;
  return rows ? rows->integer_at(0, 0) : -1;
}

/// A projection whose event id is of the week that begins `days` after this one.
Projection of_week(uint32_t n, postgres::Connection& db, int days) {
  Projection dated = projection(n);
  const auto id = db.query("SELECT public._week_id((now() AT TIME ZONE 'UTC')::date + " + std::to_string(days) + ")");
  EXPECT_TRUE(id) << id.error().message;
  const Uuid last = dated.event_id;
  dated.event_id = id->uuid_at(0, 0);
  dated.event_id.bytes[15] = last.bytes[15];
  return dated;
}

TEST(PostgresPartitions, OldWeeksAreDroppedAndTheirIdsAreStillAccepted) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  auto db = host.connect();
  const auto weeks = [&db] { return number(db, "SELECT count(*) FROM public._event_weeks()"); };
  const int64_t at_first = weeks();
  EXPECT_GE(at_first, 5);
  const std::vector<Projection> batch = {of_week(1, db, -7), of_week(2, db, 0), of_week(3, db, 7), of_week(4, db, 3650),
                                         of_week(5, db, -3650)};
  const auto later = db.query("SELECT now() + interval '20 days', now() + interval '15 days'");
  const Instant before = later->time_at(0, 0);
  ASSERT_TRUE((*store)->apply(std::span(batch).first(2), later->time_at(0, 1), nullptr));
  ASSERT_TRUE((*store)->apply(std::span(batch).subspan(2), before, nullptr));
  ASSERT_EQ(number(db, "SELECT count(*) FROM processed_events_old") +
                number(db, "SELECT count(*) FROM processed_events_future"),
            2);
  const auto removed = (*store)->purge({.processed_before = before, .quarantined_before = before, .rows_max = 10});
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_GE(*removed, 2);
  EXPECT_LT(weeks(), at_first);
  EXPECT_FALSE((*store)->processed(batch[0].event_id)->has_value());
  EXPECT_TRUE((*store)->processed(batch[2].event_id)->has_value()) << "received too late to be dropped with its week";
  EXPECT_TRUE((*store)->processed(batch[4].event_id)->has_value()) << "received too late, however old its id";
  const auto again = (*store)->apply(batch, before, nullptr);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(*again, ElementsAre(Applied::applied, Applied::applied, Applied::duplicate, Applied::duplicate,
                                  Applied::duplicate));
}

TEST(PostgresPartitions, ANewWeekTakesItsIdsFromTheFuturePartition) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  auto db = host.connect();
  const std::vector<Projection> batch = {of_week(1, db, 70), of_week(2, db, 3650)};
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  EXPECT_EQ(number(db, "SELECT count(*) FROM processed_events_future"), 2);
  EXPECT_GT(number(db, "SELECT _add_event_weeks((now() AT TIME ZONE 'UTC')::date + 90)"), 0);
  EXPECT_EQ(number(db, "SELECT _add_event_weeks((now() AT TIME ZONE 'UTC')::date + 90)"), 0);
  EXPECT_EQ(number(db, "SELECT count(*) FROM processed_events_future"), 1);
  EXPECT_THAT((*store)->apply(batch, kStart, nullptr).value(), ElementsAre(Applied::duplicate, Applied::duplicate));
}

/// Adding and dropping partitions do not wait for a lock: they leave the work for the next step.
TEST(PostgresPartitions, AreLeftAloneWhileTheTableIsLocked) {
  PostgresHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  auto db = host.connect();
  auto reader = host.connect();
  const auto done = reader.transaction([&]() -> Result<void> {
    EXPECT_EQ(number(reader, "SELECT count(*) FROM public.processed_events"), 0);
    EXPECT_EQ(number(db, "SELECT _add_event_weeks((now() AT TIME ZONE 'UTC')::date + 90)"), -1);
    const auto long_after = db.query("SELECT now() + interval '20 days'");
    const auto purged =
        (*store)->purge({.processed_before = long_after->time_at(0, 0), .quarantined_before = kStart, .rows_max = 10});
    EXPECT_EQ(purged.value_or(-1), 0);
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_GT(number(db, "SELECT _add_event_weeks((now() AT TIME ZONE 'UTC')::date + 90)"), 0);
}

struct Scans {
  int64_t whole = 0, by_index = 0;
};
Scans scans(postgres::Connection& db) {
  const auto rows = db.query(
      "SELECT sum(seq_scan)::bigint, sum(coalesce(idx_scan, 0))::bigint FROM pg_stat_user_tables "
      "WHERE relname ~ '^(processed|quarantined)_events' OR relname = 'every_rule'");
  return {rows->integer_at(0, 0), rows->integer_at(0, 1)};
}

/// The server counts how tables were read; a session reports its counts when it ends.
TEST(PostgresEnvironment, NoHotStatementReadsAWholeTable) {
  PostgresHost host;
  auto db = host.connect();
  ASSERT_TRUE(db.run(
      "INSERT INTO every_rule (key_text, key_number, key_time, min_number) "
      "SELECT i::text, 1, '2026-01-01', 5 FROM generate_series(1, 20000) i;"
      "INSERT INTO processed_events SELECT overlay(gen_random_uuid()::text PLACING prefix FROM 1)::uuid, 'kick', "
      "'kick.chat', 'applied', now(), now() FROM generate_series(1, 20000), unnest('{00000000,0190,fe}'::text[]) "
      "prefix;"
      "INSERT INTO quarantined_events SELECT gen_random_uuid(), 'kick', 'kick.chat', 'r', 'e', now(), now(), 1 "
      "FROM generate_series(1, 20000); ANALYZE"));
  db.close();
  const auto counted = [&host] {  // once all other sessions have ended and reported
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (true) {
      auto db = host.connect();
      const int64_t others = number(db,
                                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()");
      if (others == 0) return scans(db);
      if (std::chrono::steady_clock::now() < deadline) continue;
      ADD_FAILURE() << others << " sessions do not end";
      return Scans{};
    }
  };
  const Scans before = counted();
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  std::vector<Projection> batch;
  for (uint32_t n = 0; n < 500; ++n) {
    batch.push_back(n % 50 == 0 ? quarantined(n, "r") : projection(n, {row_with_min(std::to_string(n * 40), 4)}));
  }
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  for (Projection& each : batch) each.force = true;
  batch[0] = projection(0, {row_with_min("0", 1)});
  batch[0].force = true;
  ASSERT_TRUE((*store)->apply(batch, kStart, nullptr));
  ASSERT_TRUE((*store)->processed(batch[7].event_id)->has_value());
  ASSERT_EQ((*store)->quarantined(10)->size(), 10u);
  ASSERT_TRUE((*store)->purge({.processed_before = kStart, .quarantined_before = kStart, .rows_max = 100}));
  store->reset();
  const Scans after = counted();
  EXPECT_GT(after.by_index, before.by_index);
  EXPECT_EQ(after.whole, before.whole);
}

class BouncedHost final : public EnvironmentHost {
 public:
  Result<std::unique_ptr<EnvironmentStore>> open() override {
    static const postgres_test::Bouncer bouncer(postgres_test::Server::shared());
    return postgres::open_environment({.url = bouncer.url(postgres_test::Server::database_of(direct_.url())),
                                       .environment = "stage",
                                       .tables = std::span(&kRuleTable, 1)});
  }
  TableRows rows(const Table& table) override { return direct_.rows(table); }

 private:
  PostgresHost direct_;
};

class HostileHost final : public EnvironmentHost {
 public:
  HostileHost() { postgres_test::make_defaults_hostile(host_.url()); }
  Result<std::unique_ptr<EnvironmentStore>> open() override { return host_.open(); }
  TableRows rows(const Table& table) override { return host_.rows(table); }

 private:
  PostgresHost host_;
};

const auto kDrivers = testing::Values(
    EnvironmentDriver{
        .name = "postgres", .make_host = [] { return std::make_unique<PostgresHost>(); }, .orders_any_text = false},
    EnvironmentDriver{
        .name = "pgbouncer", .make_host = [] { return std::make_unique<BouncedHost>(); }, .orders_any_text = false},
    EnvironmentDriver{.name = "hostile_defaults",
                      .make_host = [] { return std::make_unique<HostileHost>(); },
                      .orders_any_text = false});
std::string name_of(const testing::TestParamInfo<EnvironmentDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(OnAServer, EnvironmentConformance, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(OnAServer, EnvironmentQuarantine, kDrivers, name_of);

}  // namespace vf::store::conformance
