// A host of environments on the test program's PostgreSQL server: each has a database of its own, with kRuleTable
// beside the projected tables. For tests; header only.
#pragma once

#include <string>

#include "environment_suite.h"
#include "postgres/read_table.h"
#include "postgres/server.h"
#include "projections/tables.h"
#include "store/postgres/connection.h"
#include "store/postgres/environment/environment.h"

namespace vf::store::conformance {

inline std::string postgres_type(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return "bigint";
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::time:
      return "timestamptz(3)";
    case ColumnType::text:
      break;
  }
  return "text COLLATE \"C\"";
}

inline std::string postgres_create_table(const Table& table) {
  std::string columns;
  std::string keys;
  for (const StoredColumn& column : stored_columns(table)) {
    using enum StoredColumn::Holds;
    const bool is_cell = column.holds == cell;
    columns += std::string(column.name) + " " +
               (is_cell                ? postgres_type(table.columns[column.index].type)
                : column.holds == rank ? "bigint"
                : column.holds == at   ? "timestamptz(3)"
                                       : "uuid") +
               ", ";
    if (is_cell && table.columns[column.index].merge == Merge::key)
      keys += (keys.empty() ? "" : ", ") + std::string(column.name);
  }
  return "CREATE TABLE public." + std::string(table.name) + " (" + columns + "PRIMARY KEY (" + keys + "))";
}

/// Creates a migrated database on the test program's server and returns its URL. The first call migrates a database;
/// every call copies that one.
inline std::string migrated_database() {
  auto& server = postgres_test::Server::shared();
  static const std::string pattern = [&server] {
    const std::string url = server.fresh_database();
    const auto applied = postgres::migrate_environment(url, "stage");
    EXPECT_TRUE(applied) << applied.error().message;
    auto db = postgres::Connection::open({.url = url, .role = "test"});
    EXPECT_TRUE(db && db->run(postgres_create_table(kRuleTable)));
    return db->query("SELECT current_database()::text")->text_at(0, 0);
  }();
  return server.fresh_database(pattern);
}

class PostgresHost final : public EnvironmentHost {
 public:
  Result<std::unique_ptr<EnvironmentStore>> open() override {
    return postgres::open_environment({.url = url_, .environment = "stage", .tables = std::span(&kRuleTable, 1)});
  }
  TableRows rows(const Table& table) override { return postgres_test::read_table(url_, table); }
  const std::string& url() const { return url_; }
  postgres::Connection connect() const { return *postgres::Connection::open({.url = url_, .role = "test"}); }

 private:
  std::string url_ = migrated_database();
};

}  // namespace vf::store::conformance
