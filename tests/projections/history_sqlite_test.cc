// A generated history through the SQLite driver: any order, repetition and batching gives the tables of the join in
// memory.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "projections/tests/history_test.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/tests/read_table_test.h"

namespace vf::projections {
namespace {

const Instant kNow = at("2025-03-02T00:00:00Z");

// One database for all cases: opening one costs more than filling it.
class Database {
 public:
  static Database& shared() {
    static Database instance;
    return instance;
  }
  store::EnvironmentStore& store() { return *store_; }
  std::vector<std::vector<store::Value>> rows(const store::Table& table) const {
    return store::sqlite::read_table(folder_ / "stage.db", table);
  }
  void empty() {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / "stage.db").c_str(), &db), SQLITE_OK);
    std::string sql = "BEGIN IMMEDIATE; DELETE FROM processed_events;";
    for (const auto& table : tables()) sql += "DELETE FROM " + std::string(table.name) + ";";
    EXPECT_EQ(sqlite3_exec(db, (sql + "COMMIT").c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

 private:
  Database() {
    std::string name = std::filesystem::temp_directory_path() / "vf-history-XXXXXX";
    folder_ = mkdtemp(name.data());
    store_ = std::move(
        store::sqlite::open_environment(
            {.path = folder_ / "stage.db", .environment = "stage", .tables = tables(), .now = kNow, .readers = 1})
            .value());
  }
  ~Database() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
  std::unique_ptr<store::EnvironmentStore> store_;
};

using Rows = std::vector<std::vector<store::Value>>;

Rows expected(const Fold& fold, const store::Table& table) {
  Rows rows;
  for (const auto& [key, row] : fold) {
    if (row.table->name != table.name) continue;
    auto& values = rows.emplace_back();
    for (const auto& cell : row.cells) values.push_back(cell.value_or(store::Value{}));
  }
  return rows;
}

RC_GTEST_PROP(HistoryThroughSqlite, GivesTheTablesOfTheJoin, ()) {
  auto events = random_deliveries(random_history(40));
  Fold fold;
  for (const auto& event : events) fold.add(event);

  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (size_t i = 0, once = events.size(); i < once / 2; ++i) events.push_back(events[random() % once]);
  std::shuffle(events.begin(), events.end(), random);
  Database::shared().empty();
  auto& store = Database::shared().store();
  for (size_t from = 0; from < events.size();) {
    std::vector<store::Projection> batch;
    for (size_t size = 1 + random() % 20; size > 0 && from < events.size(); --size) {
      batch.push_back(project(events[from++]));
      batch.back().force = random() % 4 == 0;  // as if processed_events had been purged
    }
    RC_ASSERT(store.apply(batch, kNow, nullptr).has_value());
  }
  for (const auto& table : tables()) {
    RC_ASSERT(Database::shared().rows(table) == expected(fold, table));
  }
}

}  // namespace
}  // namespace vf::projections
