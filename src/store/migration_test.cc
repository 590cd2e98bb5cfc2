// The plan of migrations: forward only, and an error that names the remedy when a database does not fit.
#include "store/migration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::store {
namespace {

using ::testing::HasSubstr;

constexpr Migration kKnown[] = {{1, "0001_one", "aa", ""}, {2, "0002_two", "bb", ""}, {4, "0004_four", "dd", ""}};
const MigrationTarget kTarget{.database = "dm.db", .command = "vf migrate dm"};

std::vector<std::string> names(const std::vector<Migration>& migrations) {
  std::vector<std::string> out;
  for (const Migration& migration : migrations) out.emplace_back(migration.name);
  return out;
}

TEST(MigrationPlan, ListsPendingMigrationsInOrder) {
  const auto all = plan_migrations(kKnown, {}, kTarget);
  ASSERT_TRUE(all);
  EXPECT_THAT(names(*all), ::testing::ElementsAre("0001_one", "0002_two", "0004_four"));
  const AppliedMigration applied[] = {{1, "0001_one", "aa"}};
  const auto rest = plan_migrations(kKnown, applied, kTarget);
  ASSERT_TRUE(rest);
  EXPECT_THAT(names(*rest), ::testing::ElementsAre("0002_two", "0004_four"));
}

TEST(MigrationPlan, IsEmptyWhenAllAreApplied) {
  const AppliedMigration applied[] = {{1, "0001_one", "aa"}, {2, "0002_two", "bb"}, {4, "0004_four", "dd"}};
  const auto plan = plan_migrations(kKnown, applied, kTarget);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->empty());
}

void expect_refusal(std::span<const AppliedMigration> applied, const std::string& sentence) {
  const auto plan = plan_migrations(kKnown, applied, kTarget);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Code::conflict);
  EXPECT_THAT(plan.error().message, HasSubstr(sentence));
  EXPECT_THAT(plan.error().message, HasSubstr("`vf migrate dm`"));
  EXPECT_THAT(plan.error().message, HasSubstr("dm.db"));
}

TEST(MigrationPlan, RefusesADatabaseOfANewerProgram) {
  const AppliedMigration applied[] = {{1, "0001_one", "aa"}, {9, "0009_nine", "ee"}};
  expect_refusal(applied, "has migration 0009_nine, which this vf does not know (its newest is 0004_four)");
}

TEST(MigrationPlan, RunsWithCompatibleNewerMigrations) {
  AppliedMigration applied[] = {
      {1, "0001_one", "aa"}, {2, "0002_two", "bb"}, {4, "0004_four", "dd"}, {5, "0005", "e", 4}, {6, "0006", "f", 2}};
  const auto plan = plan_migrations(kKnown, applied, kTarget);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->empty());
  EXPECT_THAT(newer_migrations(kKnown, applied), ::testing::ElementsAre("0005", "0006"));
  applied[4].runs_with = 5;
  expect_refusal(applied, "has migration 0006, which this vf does not know (its newest is 0004_four)");
  applied[4].runs_with = 0;
  expect_refusal(applied, "has migration 0006");
}

TEST(MigrationPlan, RefusesAnUnknownMigrationBelowAKnownOne) {
  const AppliedMigration applied[] = {
      {1, "0001_one", "aa"}, {2, "0002_two", "bb"}, {3, "0003_of_a_branch", "cc", 2}, {4, "0004_four", "dd"}};
  expect_refusal(applied, "has migration 0003_of_a_branch");
}

TEST(MigrationPlan, RefusesAMissingMigrationBelowANewerOne) {
  const AppliedMigration applied[] = {{1, "0001_one", "aa"}, {2, "0002_two", "bb"}, {5, "0005_five", "ee", 4}};
  expect_refusal(applied, "migration 0004_four of dm.db is older than 0005_five");
}

TEST(MigrationPlan, RefusesAChangedChecksumOrName) {
  const AppliedMigration content[] = {{1, "0001_one", "changed"}};
  expect_refusal(content, "migration 0001_one of dm.db differs");
  const AppliedMigration renamed[] = {{1, "0001_uno", "aa"}};
  expect_refusal(renamed, "applied as 0001_uno");
}

TEST(MigrationPlan, RefusesAMigrationNumberedBeforeAnAppliedOne) {
  const AppliedMigration applied[] = {{1, "0001_one", "aa"}, {4, "0004_four", "dd"}};
  expect_refusal(applied, "migration 0002_two of dm.db is older than 0004_four");
}

}  // namespace
}  // namespace vf::store
