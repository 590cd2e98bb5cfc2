// Migrations on a real file: applied once, recorded, and refused when they do not fit.
#include "store/sqlite/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "store/sqlite/connection.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kNow{Millis{1'790'000'000'000}};
constexpr Migration kFirst{1, "0001_first", "aa", "CREATE TABLE a (x); CREATE TABLE b (x);"};
constexpr Migration kSecond{2, "0002_second", "bb",
                            "INSERT INTO a VALUES ('it''s; here'); CREATE VIEW v AS SELECT x FROM a;"};
constexpr Migration kBroken{2, "0002_second", "bb", "CREATE TABLE c (x); CREATE TABLE a (x);"};
const MigrationTarget kTarget{.database = "test.db", .command = "vf migrate dm"};

class Migrations : public testing::Test {
 protected:
  Result<std::vector<std::string>> apply(std::vector<Migration> known) {
    auto db = Connection::open({.path = path_, .create = true});
    if (!db) return db.error();
    return migrate(*db, known, kTarget, kNow);
  }
  Result<std::vector<std::string>> pending(std::vector<Migration> known) {
    return pending_migrations(path_, known, kTarget);
  }
  std::string read(const std::string& sql) {
    auto db = Connection::open({.path = path_});
    Query query = db->query(sql);
    const auto row = query.step();
    return row && *row ? query.text_at(0) : "nothing";
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("test.db");
};

TEST_F(Migrations, AreAppliedOnceInOrderAndRecorded) {
  EXPECT_THAT(apply({kFirst}).value(), ElementsAre("0001_first"));
  EXPECT_THAT(apply({kFirst, kSecond}).value(), ElementsAre("0002_second"));
  EXPECT_THAT(apply({kFirst, kSecond}).value(), IsEmpty());
  EXPECT_EQ(read("SELECT x FROM v"), "it's; here");
  EXPECT_EQ(read("SELECT group_concat(version || name || checksum || applied_at) FROM _migrations"),
            "10001_firstaa" + to_rfc3339(kNow) + ",20002_secondbb" + to_rfc3339(kNow));
}

TEST_F(Migrations, PendingMigrationsAreListedWithoutAChange) {
  EXPECT_THAT(pending({kFirst, kSecond}).value(), ElementsAre("0001_first", "0002_second"));
  EXPECT_FALSE(std::filesystem::exists(path_)) << "listing creates no file";
  ASSERT_TRUE(apply({kFirst}));
  EXPECT_THAT(pending({kFirst, kSecond}).value(), ElementsAre("0002_second"));
  EXPECT_THAT(pending({kFirst, kSecond}).value(), ElementsAre("0002_second"));
  ASSERT_TRUE(apply({kFirst, kSecond}));
  EXPECT_THAT(pending({kFirst, kSecond}).value(), IsEmpty());
}

TEST_F(Migrations, AFailedMigrationChangesNothing) {
  ASSERT_TRUE(apply({kFirst}));
  const auto applied = apply({kFirst, kBroken});
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().message, HasSubstr("migration 0002_second"));
  EXPECT_EQ(read("SELECT count(*) FROM sqlite_schema WHERE name = 'c'"), "0");
  EXPECT_THAT(apply({kFirst, kSecond}).value(), ElementsAre("0002_second"));
}

TEST_F(Migrations, AChangedOrUnknownMigrationIsRefused) {
  ASSERT_TRUE(apply({kFirst, kSecond}));
  Migration changed = kFirst;
  changed.checksum = "other";
  for (const auto& answer :
       {apply({changed, kSecond}), pending({changed, kSecond}), apply({kFirst}), pending({kFirst})}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::conflict);
    EXPECT_THAT(answer.error().message, HasSubstr("vf migrate dm"));
  }
}

TEST(EmbeddedMigrations, AreNumberedAndNamed) {
  for (const auto& migrations : {outbox_migrations(), environment_migrations()}) {
    ASSERT_FALSE(migrations.empty());
    int64_t last = 0;
    for (const Migration& migration : migrations) {
      EXPECT_GT(migration.version, last);
      last = migration.version;
      EXPECT_EQ(migration.checksum.size(), 64u);
      EXPECT_THAT(std::string(migration.sql), AnyOf(HasSubstr("CREATE"), HasSubstr("DROP")));
    }
  }
}

TEST(EmbeddedMigrations, AStoreRefusesADatabaseOfANewerProgram) {
  const TemporaryFolder folder;
  const std::string dm = folder.file("dm.db");
  const std::string stage = folder.file("stage.db");
  const auto open_stage = [&] {
    return open_environment({.path = stage, .environment = "stage", .tables = {}, .now = kNow, .readers = 1});
  };
  ASSERT_TRUE(open_outbox({.path = dm, .now = kNow}));
  ASSERT_TRUE(open_stage());
  for (const std::string& path : {dm, stage}) {
    auto db = Connection::open({.path = path});
    ASSERT_TRUE(db->run("INSERT INTO _migrations VALUES (9999, '9999_future', 'ff', 0, '2030-01-01T00:00:00.000Z')"));
  }
  const auto outbox = open_outbox({.path = dm, .now = kNow});
  ASSERT_FALSE(outbox);
  EXPECT_EQ(outbox.error().code, Code::conflict);
  EXPECT_THAT(outbox.error().message, HasSubstr("dm.db has migration 9999_future"));
  EXPECT_THAT(outbox.error().message, HasSubstr("`vf migrate dm`"));
  const auto environment = open_stage();
  ASSERT_FALSE(environment);
  EXPECT_THAT(environment.error().message, HasSubstr("`vf migrate env --env stage`"));
}

TEST(EmbeddedMigrations, NameTheOlderProgramsThatStillWork) {
  EXPECT_EQ(outbox_migrations()[0].runs_with, 0) << "it has no line `runs with`";
  EXPECT_EQ(outbox_migrations()[1].runs_with, 1);
  EXPECT_EQ(environment_migrations()[2].runs_with, 2);
}

TEST(EmbeddedMigrations, AStoreRunsWithACompatibleNewerSchema) {
  const TemporaryFolder folder;
  const std::string path = folder.file("stage.db");
  const auto open = [&path] {
    return open_environment({.path = path, .environment = "stage", .tables = {}, .now = kNow, .readers = 1});
  };
  const auto before = open();  // it was running when the newer version migrated
  ASSERT_TRUE(before);
  std::vector<Migration> tomorrow(environment_migrations().begin(), environment_migrations().end());
  tomorrow.push_back({9999, "9999_tomorrow", "ff", "ALTER TABLE processed_events ADD COLUMN tomorrow TEXT",
                      environment_migrations().back().version});
  {
    auto db = Connection::open({.path = path});
    ASSERT_TRUE(migrate(*db, tomorrow, kTarget, kNow));
  }
  const auto after = open();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(pending_environment(path, "stage").value(), IsEmpty());
  EXPECT_THAT(newer_migrations(path, environment_migrations()).value(), ElementsAre("9999_tomorrow"));
  uint8_t n = 0;
  for (const auto& writer : {&before, &after}) {
    Projection projection;
    projection.event_id = Uuid{{++n}};
    projection.source = "kick";
    projection.time = kNow;
    const auto applied = (**writer)->apply(std::span(&projection, 1), kNow, nullptr);
    ASSERT_TRUE(applied) << applied.error().message;
    for (const auto& reader : {&before, &after}) EXPECT_TRUE((**reader)->processed(projection.event_id)->has_value());
  }
}

TEST(EmbeddedMigrations, ProcessesMayOpenANewEnvironmentAtOnce) {
  const TemporaryFolder folder;
  for (int round = 0; round < 10; ++round) {
    const std::string path = folder.file("stage" + std::to_string(round) + ".db");
    std::vector<std::jthread> openers;
    std::latch together(4);
    for (int i = 0; i < 4; ++i) {
      openers.emplace_back([&] {
        together.arrive_and_wait();
        const auto store = open_environment({.path = path, .environment = "stage", .tables = {}, .now = kNow});
        EXPECT_TRUE(store) << store.error().message;
      });
    }
    openers.clear();
    EXPECT_TRUE(pending_environment(path, "stage").value().empty());
  }
}

TEST(EmbeddedMigrations, PendingMigrationsOfAStoreAreListed) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  EXPECT_EQ(pending_outbox(path).value().size(), outbox_migrations().size());
  ASSERT_TRUE(open_outbox({.path = path, .now = kNow}));
  EXPECT_TRUE(pending_outbox(path).value().empty());
}

}  // namespace
}  // namespace vf::store::sqlite
