// Two versions of vf on one database. If the migrations of the next version allow this version (runs_with), it opens,
// writes and reads on the next version's schema; otherwise it refuses to open the database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "postgres/outbox_fixture.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/outbox/schema.h"

namespace vf::postgres_test {
namespace {

using store::Migration;
using store::postgres::SchemaParams;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Applies a migration of the next version: it adds a column and has the given `runs_with`.
void migrate_to_next_version(Connection& db, SchemaParams schema, const std::string& table, int64_t runs_with) {
  std::vector<Migration> known(schema.known.begin(), schema.known.end());
  const std::string sql = "ALTER TABLE " + table + " ADD COLUMN tomorrow text";
  known.push_back({known.back().version + 1, "next_version", "ff", sql, runs_with});
  schema.known = known;
  const auto names = store::postgres::migrate(db, schema);
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_THAT(*names, ElementsAre("next_version"));
}

TEST_F(OutboxOnPostgres, RunsBesideTheNextVersion) {
  const SchemaParams schema = store::postgres::outbox_schema(db_);
  migrate_to_next_version(db_, schema, "ingest.ingest_outbox", schema.known.back().version);
  auto before = std::move(store_);  // opened before the next version migrated
  store_ = open_store(params_);
  ASSERT_TRUE(store_);
  add(1, 2);
  ASSERT_TRUE(before->write(std::vector<Write>{adding(3, now_)}, now_, nullptr));
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2, 3));
  EXPECT_EQ(before->read_after({.after = {}, .rows_max = 9})->size(), 3u);
  EXPECT_THAT(*store::postgres::pending_outbox(url_), IsEmpty());
  EXPECT_THAT(*store::postgres::newer_outbox(url_), ElementsAre("next_version"));
  EXPECT_THAT(*store::postgres::migrate_outbox(url_), IsEmpty()) << "no older migration is applied";
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest._migrations WHERE name = 'next_version'"), 1);
}

// Rows that the version before 0007 has written, before the migration and beside it, are not taken for an operator's
// retries.
TEST_F(OutboxOnPostgres, WaitingRowsOfTheVersionBeforeAreNotRevivedOnes) {
  const std::string url = server_.fresh_database();
  Connection db = connect(url);
  SchemaParams before = store::postgres::outbox_schema(db);
  before.known = before.known.first(6);
  before.baseline = {};
  ASSERT_TRUE(store::postgres::migrate(db, before));
  const auto put = [&db](uint64_t n, const char* state) {
    run(db, fmt::format("INSERT INTO ingest.ingest_outbox_delivery (event_id, target, position, state, attempts, "
                        "next_attempt_at, reason) VALUES ('{}', 'stage', "
                        "'00000001-0000000000000001-{:016x}', '{}', 2, '2026-09-21 14:13:20.123+00', '422')",
                        id_at(kStart, n).to_string(), n, state));
  };
  put(1, "retry");
  put(2, "dead");
  ASSERT_TRUE(store::postgres::migrate_outbox(url));
  put(3, "retry");
  const auto store = open_store({.url = url, .role = "test"});
  using State = store::PutDelivery::State;
  const auto retries = store->deliveries("stage", State::retry, 10);
  ASSERT_EQ(retries->size(), 2u);
  EXPECT_EQ(retries->at(0).first_failed_at, kStart) << "when it was due";
  EXPECT_TRUE(retries->at(1).first_failed_at.has_value());
  EXPECT_THAT(*store->revived("stage", 10), IsEmpty());
  EXPECT_EQ(store->deliveries("stage", State::dead, 10)->at(0).first_failed_at, std::nullopt);
}

TEST_F(OutboxOnPostgres, IsRefusedByAnIncompatibleNextVersion) {
  migrate_to_next_version(db_, store::postgres::outbox_schema(db_), "ingest.ingest_outbox", 0);
  const auto refused = store::postgres::open_outbox(params_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("next_version"));
  EXPECT_FALSE(store::postgres::migrate_outbox(url_));
}

TEST(EnvironmentOnPostgres, RunsBesideTheNextVersion) {
  const std::string url = Server::shared().fresh_database();
  ASSERT_TRUE(store::postgres::migrate_environment(url, "stage"));
  const auto open = [&url] {
    return store::postgres::open_environment({.url = url, .environment = "stage", .tables = {}});
  };
  const auto before = open();
  ASSERT_TRUE(before);
  Connection db = connect(url);
  const auto known = store::postgres::environment_migrations();
  migrate_to_next_version(db,
                          {.schema = "public", .known = known, .target = {.database = "it", .command = "vf migrate"}},
                          "public.processed_events", known.back().version);
  const auto after = open();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(*store::postgres::pending_environment(url, "stage"), IsEmpty());
  EXPECT_THAT(*store::postgres::newer_environment(url, "stage"), ElementsAre("next_version"));
  uint64_t n = 0;
  for (const auto& writer : {&before, &after}) {
    store::Projection projection;
    projection.event_id = id_at(kStart, ++n);
    projection.source = "kick";
    projection.time = kStart;
    const auto applied = (**writer)->apply(std::span(&projection, 1), kStart, nullptr);
    ASSERT_TRUE(applied) << applied.error().message;
    for (const auto& reader : {&before, &after}) EXPECT_TRUE((**reader)->processed(projection.event_id)->has_value());
  }
}

}  // namespace
}  // namespace vf::postgres_test
