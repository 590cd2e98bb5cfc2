// A generated history through the PostgreSQL driver: any order, repetition and batching gives the tables of the join in
// memory (history_sqlite_test.cc is the same for SQLite), and the views have the same rows as on SQLite.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "memory_database.h"
#include "postgres/read_table.h"
#include "postgres/server.h"
#include "projections/tests/history_test.h"
#include "store/postgres/connection.h"
#include "store/postgres/environment/environment.h"

namespace vf::projections {
namespace {

using store::postgres::Connection;
using TextRows = std::vector<MemoryDatabase::TextRow>;
using Rows = std::vector<std::vector<store::Value>>;

const Instant kNow = at("2025-03-02T00:00:00Z");

// One database for all cases: making one costs more than filling it.
class Database {
 public:
  static Database& shared() {
    static Database instance;
    return instance;
  }
  store::EnvironmentStore& store() { return *store_; }
  Rows rows(const store::Table& table) const { return postgres_test::read_table(url_, table); }
  void empty() {
    std::string sql = "DELETE FROM processed_events;";
    for (const auto& table : tables()) sql += "DELETE FROM " + std::string(table.name) + ";";
    const auto done = db_.run(sql);
    EXPECT_TRUE(done) << done.error().message;
  }
  TextRows query(const std::string& sql) {
    const auto rows = db_.query(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    TextRows texts(static_cast<size_t>(rows->size()));
    for (int i = 0; i < rows->size(); ++i) texts[static_cast<size_t>(i)] = {rows->text_at(i, 0)};
    return texts;
  }

 private:
  Database()
      : url_(postgres_test::Server::shared().fresh_database()),
        applied_(store::postgres::migrate_environment(url_, "stage")),
        db_(Connection::open({.url = url_, .role = "test"}).value()),
        store_(std::move(
            store::postgres::open_environment({.url = url_, .environment = "stage", .tables = tables(), .readers = 1})
                .value())) {}
  std::string url_;
  Result<std::vector<std::string>> applied_;
  Connection db_;
  std::unique_ptr<store::EnvironmentStore> store_;
};

Rows expected(const Fold& fold, const store::Table& table) {
  Rows rows;
  for (const auto& [key, row] : fold) {
    if (row.table->name != table.name) continue;
    auto& values = rows.emplace_back();
    for (const auto& cell : row.cells) values.push_back(cell.value_or(store::Value{}));
  }
  return rows;
}

void apply_shuffled(store::EnvironmentStore& store, std::vector<Event> events) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (size_t i = 0, once = events.size(); i < once / 2; ++i) events.push_back(events[random() % once]);
  std::shuffle(events.begin(), events.end(), random);
  for (size_t from = 0; from < events.size();) {
    std::vector<store::Projection> batch;
    for (size_t size = 1 + random() % 20; size > 0 && from < events.size(); --size) {
      batch.push_back(project(events[from++]));
      batch.back().force = random() % 4 == 0;  // as if processed_events had been purged
    }
    const auto done = store.apply(batch, kNow, nullptr);
    RC_ASSERT(done.has_value());
  }
}

struct View {
  std::string name;
  std::vector<std::string> columns, times;
};
const View kViews[] = {
    {"verified_applicants", {"sandbox", "applicant_id", "external_user_id", "level"}, {"verified_at"}},
    {"current_livestreams", {"channel_id", "title"}, {"started_at", "seen_live_at"}},
    {"current_bans", {"channel_id", "user_id", "reason", "moderator_id", "event_id"}, {"created_at", "expires_at"}},
};

// A row as one text, in the same form on both databases.
std::string in_sqlite(const View& view) {
  std::string text = "''";
  for (const auto& column : view.columns) text += " || '|' || ifnull(" + column + ", '')";
  for (const auto& column : view.times) text += " || '|' || ifnull(" + column + ", '')";
  return "SELECT " + text + " FROM " + view.name;
}
std::string in_postgres(const View& view) {
  std::string text = "''";
  for (const auto& column : view.columns) {
    text += " || '|' || coalesce(" + column + (column == "sandbox" ? "::int::text" : "::text") + ", '')";
  }
  for (const auto& column : view.times) {
    text += " || '|' || coalesce(to_char(" + column + R"( AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ''))";
  }
  return "SELECT " + text + " FROM " + view.name;
}

RC_GTEST_PROP(HistoryThroughPostgres, GivesTheTablesOfTheJoinAndTheViewsOfSqlite, ()) {
  const auto events = random_deliveries(random_history(40));
  Fold fold;
  for (const auto& event : events) fold.add(event);
  auto& database = Database::shared();
  database.empty();
  apply_shuffled(database.store(), events);
  for (const auto& table : tables()) {
    RC_ASSERT(database.rows(table) == expected(fold, table));
  }
  MemoryDatabase sqlite;
  for (const auto& [key, row] : fold) sqlite.insert(row);
  for (const View& view : kViews) {
    auto there = sqlite.query(in_sqlite(view));
    auto here = database.query(in_postgres(view));
    std::ranges::sort(there);
    std::ranges::sort(here);
    RC_ASSERT(here == there);
  }
}

}  // namespace
}  // namespace vf::projections
