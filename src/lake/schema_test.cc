// Tests which statements the schema runs, and when, on a fake engine. The drivers' tests run the statements themselves.
#include "lake/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/row_binary.h"

namespace vf::lake {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

const Instant kNow = from_unix_millis(1'795'000'000'000);

// Records statements, and answers queries of vf._migrations with `applied`.
struct FakeEngine {
  std::vector<std::string> statements;
  std::vector<store::AppliedMigration> applied;

  Execute execute() {
    return [this](const std::string& sql) -> Result<std::string> {
      statements.push_back(sql);
      if (sql.find("FROM system.tables") != sql.npos) return std::string(1, applied.empty() ? '\0' : '\1');
      std::string rows;
      if (sql.find("FROM vf._migrations") == sql.npos) return rows;
      for (const auto& row : applied) {
        row_binary::append_int(rows, row.version);
        row_binary::append_string(rows, row.name);
        row_binary::append_string(rows, row.checksum);
        row_binary::append_int(rows, row.runs_with);
      }
      return rows;
    };
  }
};

TEST(LakeSchema, OneServerGetsPlainTables) {
  FakeEngine engine;
  ASSERT_EQ(migrate(engine.execute(), migrations(), {}, kNow).value(), migrations().size());
  EXPECT_THAT(engine.statements, Contains(AllOf(HasSubstr("vf.raw_events\n("), HasSubstr("ENGINE = MergeTree\n"))));
  EXPECT_THAT(engine.statements, Contains(AllOf(HasSubstr("vf._migrations ("), HasSubstr("ENGINE = MergeTree "))));
  EXPECT_THAT(engine.statements, Each(AllOf(Not(HasSubstr("CLUSTER")), Not(HasSubstr("Replicated")))));
}

TEST(LakeSchema, ClusterGetsReplicatedTablesOnEveryReplica) {
  FakeEngine engine;
  ASSERT_TRUE(migrate(engine.execute(), migrations(), {.cluster = "it's"}, kNow));
  EXPECT_THAT(engine.statements, Contains("CREATE DATABASE IF NOT EXISTS vf ON CLUSTER 'it\\'s'"));
  for (const char* table : {"vf.raw_events ON CLUSTER 'it\\'s'", "vf._migrations ON CLUSTER 'it\\'s'"}) {
    EXPECT_THAT(engine.statements,
                Contains(AllOf(HasSubstr(table),
                               HasSubstr("ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}',"
                                         " '{replica}')"),
                               HasSubstr(", replicated_deduplication_window = "))));
  }
}

TEST(LakeSchema, EveryPlaceholderIsReplaced) {
  for (const auto& migration : migrations()) {
    const std::string sql = laid_out(migration.sql, {.cluster = "c"});
    EXPECT_THAT(sql, AllOf(Not(HasSubstr("{on_cluster}")), Not(HasSubstr("{engine}")), Not(HasSubstr("{settings}"))));
    EXPECT_THAT(std::string(migration.sql), Not(HasSubstr("MergeTree"))) << "a table without the placeholder {engine}";
  }
}

TEST(LakeSchema, ReadingPendingMigrationsChangesNothing) {
  FakeEngine engine;
  EXPECT_EQ(pending_migrations(engine.execute(), migrations())->size(), migrations().size());
  EXPECT_THAT(engine.statements, Each(testing::StartsWith("SELECT")));
}

TEST(LakeSchema, LakeMadeByTheFirstTextOfMigrationOneIsAccepted) {
  FakeEngine engine;
  const auto& first = migrations().front();
  engine.applied = {{1, std::string(first.name), "ee381d612605ebd1cc8e86f41a1692195d846ec16962c2e6142ee8c516285a3a"}};
  const auto pending = pending_migrations(engine.execute(), migrations().first(1));
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_TRUE(pending->empty());
  engine.applied[0].checksum = "another";
  EXPECT_EQ(pending_migrations(engine.execute(), migrations()).error().code, Code::conflict);
}

TEST(LakeSchema, RunsWithOfAMigrationIsRecorded) {
  FakeEngine engine;
  const Migration migration{7, "0007_seventh", "ff", "", 6};
  ASSERT_TRUE(migrate(engine.execute(), std::span(&migration, 1), {}, kNow));
  EXPECT_THAT(engine.statements.back(),
              AllOf(HasSubstr("INSERT INTO vf._migrations"), HasSubstr("applied_at, runs_with"),
                    HasSubstr("SELECT 7, '0007_seventh', 'ff'"), HasSubstr(", 6")));
}

TEST(LakeSchema, NewerMigrationThatAllowsThisVersionIsAccepted) {
  FakeEngine engine;
  const auto& newest = migrations().back();
  for (const auto& each : migrations())
    engine.applied.push_back({each.version, std::string(each.name), std::string(each.checksum), 0});
  engine.applied.push_back({newest.version + 1, "next_version", "ff", newest.version});
  const auto pending = pending_migrations(engine.execute(), migrations());
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_TRUE(pending->empty());
  EXPECT_THAT(*newer_migrations(engine.execute(), migrations()), testing::ElementsAre("next_version"));
  engine.applied.back().runs_with = 0;
  const auto refused = pending_migrations(engine.execute(), migrations());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("next_version"), HasSubstr("`vf migrate lake`")));
}

}  // namespace
}  // namespace vf::lake
