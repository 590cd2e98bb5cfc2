// Reads a projected table from a PostgreSQL database, as another program would. Scope: tests; header only.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/table.h"

namespace vf::postgres_test {

inline store::Value value_at(const store::postgres::Rows& rows, int row, int column, store::ColumnType type) {
  if (rows.is_null(row, column)) return {};
  switch (type) {
    case store::ColumnType::integer:
      return rows.integer_at(row, column);
    case store::ColumnType::boolean:
      return rows.boolean_at(row, column);
    case store::ColumnType::time:
      return rows.time_at(row, column);
    case store::ColumnType::text:
      break;
  }
  return rows.text_at(row, column);
}

/// Returns the table's rows in key order, with the columns of Table::columns.
inline std::vector<std::vector<store::Value>> read_table(const std::string& url, const store::Table& table) {
  std::vector<std::string_view> columns;
  for (const store::Column& column : table.columns) columns.push_back(column.name);
  auto db = store::postgres::Connection::open({.url = url, .role = "test"});
  EXPECT_TRUE(db) << db.error().message;
  if (!db) return {};
  const auto rows = db->query(fmt::format("SELECT {} FROM public.{} ORDER BY {}", fmt::join(columns, ", "), table.name,
                                          fmt::join(store::key_columns(table), ", ")));
  EXPECT_TRUE(rows) << rows.error().message;
  std::vector<std::vector<store::Value>> found;
  for (int row = 0; rows && row < rows->size(); ++row) {
    auto& values = found.emplace_back();
    for (const store::Column& column : table.columns) {
      values.push_back(value_at(*rows, row, static_cast<int>(values.size()), column.type));
    }
  }
  return found;
}

}  // namespace vf::postgres_test
