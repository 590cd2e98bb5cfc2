// The drivers that pass the conformance suite of EnvironmentStore without a server: SQLite, and the model in memory
// that tests use.
#include "environment_suite.h"
#include "projections/tables.h"
#include "store/memory/environment.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/tests/read_table_test.h"
#include "store/temporary_folder_test.h"

namespace vf::store::conformance {
namespace {

std::string sql_type(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::time ? "TEXT" : "INTEGER";
}

std::string create_table_sql(const Table& table) {
  std::string columns;
  std::string keys;
  for (const Column& column : table.columns) {
    columns += std::string(column.name) + " " + sql_type(column.type) + ", ";
    if (column.merge == Merge::key) keys += (keys.empty() ? "" : ", ") + std::string(column.name);
  }
  for (const Group& group : table.groups) {
    if (!group.rank_column.empty()) columns += std::string(group.rank_column) + " INTEGER, ";
    columns += std::string(group.at_column) + " TEXT, " + std::string(group.by_column) + " TEXT, ";
  }
  return "CREATE TABLE IF NOT EXISTS " + std::string(table.name) + " (" + columns + "PRIMARY KEY (" + keys +
         ")) STRICT, WITHOUT ROWID";
}

class SqliteHost final : public EnvironmentHost {
 public:
  Result<std::unique_ptr<EnvironmentStore>> open() override {
    VF_ASSIGN(
        auto store,
        sqlite::open_environment(
            {.path = path_, .environment = "stage", .tables = std::span(&kRuleTable, 1), .now = kStart, .readers = 2}));
    VF_ASSIGN(auto db, sqlite::Connection::open({.path = path_}));
    VF_TRY(db.run(create_table_sql(kRuleTable)));
    return store;
  }
  TableRows rows(const Table& table) override { return sqlite::read_table(path_, table); }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("stage.db");
};

class MemoryHost final : public EnvironmentHost {
 public:
  Result<std::unique_ptr<EnvironmentStore>> open() override {
    auto store = std::make_unique<memory::MemoryEnvironment>();
    store_ = store.get();
    return store;
  }
  TableRows rows(const Table& table) override { return store_->rows(table, SIZE_MAX).value(); }

 private:
  memory::MemoryEnvironment* store_ = nullptr;
};

const auto kDrivers = testing::Values(EnvironmentDriver{"sqlite", [] { return std::make_unique<SqliteHost>(); }},
                                      EnvironmentDriver{.name = "memory",
                                                        .make_host = [] { return std::make_unique<MemoryHost>(); },
                                                        .durable = false,
                                                        .refuses = false});

TEST(SqliteEnvironment, EveryProjectedTableStoresAFullRow) {
  const TemporaryFolder folder;
  const std::string path = folder.file("stage.db");
  auto store = sqlite::open_environment(
      {.path = path, .environment = "stage", .tables = projections::tables(), .now = kStart, .readers = 1});
  ASSERT_TRUE(store) << store.error().message;
  expect_full_rows_stored(**store, [&path](const Table& table) { return sqlite::read_table(path, table); });
}

std::string name_of(const testing::TestParamInfo<EnvironmentDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, EnvironmentConformance, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, EnvironmentQuarantine, kDrivers, name_of);

}  // namespace vf::store::conformance
