// sql/env/postgres and sql/env/sqlite make the same tables, views and columns, in the types that src/projections
// declares.
#include <gmock/gmock.h>

#include <map>

#include "memory_database.h"
#include "postgres/server.h"
#include "projections/tables.h"
#include "store/postgres/connection.h"
#include "store/postgres/environment/environment.h"

namespace vf::projections {
namespace {

struct Column {
  std::string name;
  std::string type;
  bool required = false;
  bool key = false;
  bool operator==(const Column&) const = default;
};
void PrintTo(const Column& column, std::ostream* out) {
  *out << column.name << " " << column.type << (column.required ? " NOT NULL" : "") << (column.key ? " KEY" : "");
}
using Schema = std::map<std::string, std::vector<Column>>;

/// Returns the type on SQLite that corresponds to a type on PostgreSQL.
std::string in_sqlite(const std::string& type) { return type == "bigint" || type == "boolean" ? "INTEGER" : "TEXT"; }

Schema postgres_schema() {
  const std::string url = postgres_test::Server::shared().fresh_database();
  const auto applied = store::postgres::migrate_environment(url, "stage");
  EXPECT_TRUE(applied) << applied.error().message;
  auto db = store::postgres::Connection::open({.url = url, .role = "test"});
  const auto rows = db->query(
      "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) || "
      "  coalesce(' ' || nullif(l.collname, 'default'), ''), a.attnotnull, coalesce(a.attnum = ANY (i.indkey), false) "
      "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
      "LEFT JOIN pg_collation l ON l.oid = a.attcollation "
      "LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
      "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition "
      "AND c.relname !~ '^_' ORDER BY c.relname, a.attnum");
  EXPECT_TRUE(rows) << rows.error().message;
  Schema schema;
  for (int i = 0; rows && i < rows->size(); ++i) {
    schema[rows->text_at(i, 0)].push_back(
        {rows->text_at(i, 1), rows->text_at(i, 2), rows->boolean_at(i, 3), rows->boolean_at(i, 4)});
  }
  return schema;
}

TEST(PostgresSchema, HasTheTablesViewsAndColumnsOfSqlite) {
  MemoryDatabase sqlite;
  Schema expected;
  Schema found = postgres_schema();
  for (const auto& relation : sqlite.query("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND "
                                           "name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'")) {
    auto& columns = expected[relation[0]];
    for (const auto& info : sqlite.query("SELECT name, type, \"notnull\", pk FROM pragma_table_info('" + relation[0] +
                                         "') ORDER BY cid")) {
      columns.push_back({info[0], info[1], info[2] == "1", info[3] != "0"});
    }
    // On SQLite the key is the order of arrival and event_id only UNIQUE, and a text key needs no NOT NULL.
    if (relation[0] == "processed_events") columns[0].key = true;
    if (relation[0] == "quarantined_events") columns[0].required = true;
  }
  for (auto& [name, columns] : found) {
    for (Column& column : columns) column.type = in_sqlite(column.type);
  }
  EXPECT_EQ(found, expected);
}

std::string declared_type(store::ColumnType type) {
  switch (type) {
    case store::ColumnType::integer:
      return "bigint";
    case store::ColumnType::boolean:
      return "boolean";
    case store::ColumnType::time:
      return "timestamp(3) with time zone";
    case store::ColumnType::text:
      break;
  }
  return "text C";  // byte by byte, or min, max and key order would differ from merge()
}

TEST(PostgresSchema, HasTheDeclaredTypes) {
  const Schema found = postgres_schema();
  for (const auto& table : tables()) {
    std::map<std::string, std::string> types;
    for (const Column& column : found.at(std::string(table.name))) types[column.name] = column.type;
    for (const auto& column : store::stored_columns(table)) {
      using enum store::StoredColumn::Holds;
      const std::string expected = column.holds == cell   ? declared_type(table.columns[column.index].type)
                                   : column.holds == rank ? "bigint"
                                   : column.holds == at   ? "timestamp(3) with time zone"
                                                          : "uuid";
      EXPECT_EQ(types[std::string(column.name)], expected) << table.name << "." << column.name;
    }
  }
}

}  // namespace
}  // namespace vf::projections
