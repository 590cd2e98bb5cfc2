// A SQLite database in memory with the environment's schema, made from sql/env/sqlite. For tests; header only.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace vf::projections {

class MemoryDatabase {
 public:
  using TextRow = std::vector<std::string>;

  MemoryDatabase() {
    EXPECT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(VF_ROOT "/sql/env/sqlite"))
      files.push_back(file.path());
    std::ranges::sort(files);
    for (const auto& file : files) {
      std::stringstream sql;
      sql << std::ifstream(file).rdbuf();
      query(sql.str());
    }
  }
  ~MemoryDatabase() { sqlite3_close(db_); }
  MemoryDatabase(const MemoryDatabase&) = delete;
  MemoryDatabase& operator=(const MemoryDatabase&) = delete;

  /// Runs all statements and returns their rows as texts; NULL is "NULL".
  std::vector<TextRow> query(const std::string& sql) {
    std::vector<TextRow> rows;
    const auto take = [](void* out, int count, char** values, char**) {
      TextRow row;
      for (int i = 0; i < count; ++i) row.emplace_back(values[i] == nullptr ? "NULL" : values[i]);
      static_cast<std::vector<TextRow>*>(out)->push_back(std::move(row));
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), take, &rows, &error), SQLITE_OK) << (error ? error : "") << "\n" << sql;
    sqlite3_free(error);
    return rows;
  }

  /// Inserts a merged row, stamps included.
  void insert(const store::Row& row) {
    std::string names;
    std::string values;
    const auto put = [&](std::string_view name, const std::string& value) {
      names.append(names.empty() ? "" : ",").append(name);
      values.append(values.empty() ? "" : ",").append(value);
    };
    for (size_t i = 0; i < row.cells.size(); ++i)
      put(row.table->columns[i].name, literal(row.cells[i].value_or(store::Value{})));
    for (size_t group = 0; group < row.stamps.size(); ++group) {
      if (!store::takes_part(row, group)) continue;
      const auto& column = row.table->groups[group];
      put(column.at_column, literal(row.stamps[group].at));
      put(column.by_column, literal(row.stamps[group].by.to_string()));
      if (!column.rank_column.empty()) put(column.rank_column, literal(row.stamps[group].rank));
    }
    query("INSERT INTO " + std::string(row.table->name) + " (" + names + ") VALUES (" + values + ")");
  }

 private:
  static std::string literal(const store::Value& value) {
    struct {
      std::string operator()(std::monostate) const { return "NULL"; }
      std::string operator()(int64_t n) const { return std::to_string(n); }
      std::string operator()(bool b) const { return b ? "1" : "0"; }
      std::string operator()(Instant t) const { return "'" + to_rfc3339(t) + "'"; }
      std::string operator()(const std::string& text) const {
        std::string out = "'";
        for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
        return out + "'";
      }
    } write;
    return std::visit(write, value);
  }

  sqlite3* db_ = nullptr;
};

}  // namespace vf::projections
