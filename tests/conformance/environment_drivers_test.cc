// The drivers that pass the conformance suite of EnvironmentStore: SQLite, and the model in memory that tests use;
// and what only SQLite can get wrong.
#include "environment_suite.h"
#include "projections/tables.h"
#include "store/memory_environment.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/environment.h"
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
    auto store = sqlite::open_environment({.path = folder_.file("stage.db"),
                                           .environment = "stage",
                                           .tables = std::span(&kRuleTable, 1),
                                           .now = kStart,
                                           .readers = 2});
    if (!store) return store;
    auto db = sqlite::Connection::open({.path = folder_.file("stage.db")});
    if (!db) return db.error();
    if (auto created = db->run(create_table_sql(kRuleTable)); !created) return created.error();
    return store;
  }

 private:
  TemporaryFolder folder_;
};

class MemoryHost final : public EnvironmentHost {
 public:
  Result<std::unique_ptr<EnvironmentStore>> open() override { return std::make_unique<MemoryEnvironment>(); }
};

const auto kDrivers = testing::Values(
    EnvironmentDriver{"sqlite", [] { return std::make_unique<SqliteHost>(); }},
    EnvironmentDriver{.name = "memory", .make_host = [] { return std::make_unique<MemoryHost>(); }, .durable = false});

Value some_value(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return int64_t{42};
    case ColumnType::boolean:
      return true;
    case ColumnType::time:
      return kStart;
    case ColumnType::text:
      break;
  }
  return std::string("text");
}

/// The declared tables and the migrations are two texts: every column must exist and take its type.
TEST(SqliteEnvironment, EveryProjectedTableTakesAFullRowAndGivesItBack) {
  const TemporaryFolder folder;
  auto store = sqlite::open_environment({.path = folder.file("stage.db"),
                                         .environment = "stage",
                                         .tables = projections::tables(),
                                         .now = kStart,
                                         .readers = 1});
  ASSERT_TRUE(store) << store.error().message;
  Projection told = projection(1);
  for (const Table& table : projections::tables()) {
    Row row{&table, {}, std::vector<Stamp>(table.groups.size(), Stamp{1, kStart, told.event_id})};
    for (const Column& column : table.columns) row.cells.emplace_back(some_value(column.type));
    told.rows.push_back(std::move(row));
  }
  const auto statuses = (*store)->apply(std::span(&told, 1), kStart, nullptr);
  ASSERT_TRUE(statuses) << statuses.error().message;
  for (const Row& row : told.rows) {
    const auto rows = (*store)->rows(*row.table, 10);
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 1u) << row.table->name;
    EXPECT_EQ(rows->front(), meaning(row)) << row.table->name;
  }
  EXPECT_EQ((*store)->row_counts()->size(), projections::tables().size());
}

TEST(SqliteEnvironment, AFailureWritesNothingOfTheWholeCall) {
  SqliteHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  static constexpr Column kColumns[] = {{"id", ColumnType::integer}};
  static constexpr Table kForeign{"not_ours", kColumns, {}};
  const std::vector<Projection> told = {projection(1, {telling_min("a", 1)}),
                                        projection(2, {Row{&kForeign, {Value{int64_t{1}}}, {}}})};
  const auto statuses = (*store)->apply(told, kStart, nullptr);
  ASSERT_FALSE(statuses);
  EXPECT_EQ(statuses.error().code, Code::internal);
  EXPECT_FALSE((*store)->processed(told[0].event_id)->has_value());
  EXPECT_TRUE((*store)->rows(kRuleTable, 10)->empty());
  EXPECT_TRUE((*store)->apply(std::span(told).first(1), kStart, nullptr)) << "writing goes on";
}

TEST(SqliteEnvironment, ProjectionsThatCanNeverBeStoredAreNamedAndNothingIsWritten) {
  SqliteHost host;
  auto store = host.open();
  ASSERT_TRUE(store) << store.error().message;
  const auto telling = [](const std::string& key, Value number) {
    Row row = telling_min(key, 1);
    row.cells[kMax] = std::move(number);
    return row;
  };
  const Value wrong{std::string("a text")};  // where the table wants a number
  const std::vector<Projection> told = {projection(1, {telling("a", int64_t{1})}),
                                        projection(2, {telling("b", wrong), telling("c", wrong)}),
                                        projection(3, {telling("d", int64_t{3})}),
                                        projection(4, {telling("a", wrong)})};  // joined with the first one's row
  Refusals refusals;
  const auto statuses = (*store)->apply(told, kStart, &refusals);
  ASSERT_FALSE(statuses);
  EXPECT_EQ(statuses.error().code, Code::invalid);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_THAT(refusals.at(1), testing::HasSubstr("every_rule"));
  EXPECT_TRUE(refusals.contains(3));
  EXPECT_FALSE((*store)->processed(told[0].event_id)->has_value());
  EXPECT_TRUE((*store)->rows(kRuleTable, 10)->empty());
  const std::vector<Projection> rest = {told[0], told[2]};
  EXPECT_TRUE((*store)->apply(rest, kStart, nullptr));
}

std::string name_of(const testing::TestParamInfo<EnvironmentDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, EnvironmentConformance, kDrivers, name_of);

}  // namespace vf::store::conformance
