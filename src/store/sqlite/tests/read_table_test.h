// For tests: reads a projected table from a SQLite file, as another program would. Header only, single-threaded.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/sqlite/connection.h"
#include "store/table.h"

namespace vf::store::sqlite {

inline Value value_at(const Query& query, int column, ColumnType type) {
  if (query.is_null(column)) return {};
  switch (type) {
    case ColumnType::integer:
      return query.integer_at(column);
    case ColumnType::boolean:
      return query.integer_at(column) != 0;
    case ColumnType::time:
      return query.time_at(column);
    case ColumnType::text:
      break;
  }
  return query.text_at(column);
}

/// Returns the table's rows in key order, with the columns of Table::columns.
inline std::vector<std::vector<Value>> read_table(const std::string& path, const Table& table) {
  std::vector<std::string_view> columns;
  for (const Column& column : table.columns) columns.push_back(column.name);
  auto db = Connection::open({.path = path, .read_only = true});
  EXPECT_TRUE(db) << db.error().message;
  if (!db) return {};
  Query query = db->query(fmt::format("SELECT {} FROM {} ORDER BY {}", fmt::join(columns, ", "), table.name,
                                      fmt::join(key_columns(table), ", ")));
  const auto rows = collect(query, [&table](const Query& row) {
    std::vector<Value> values;
    for (const Column& column : table.columns) {
      values.push_back(value_at(row, static_cast<int>(values.size()), column.type));
    }
    return values;
  });
  EXPECT_TRUE(rows) << rows.error().message;
  return rows.value_or(std::vector<std::vector<Value>>{});
}

}  // namespace vf::store::sqlite
