#include "store/sqlite/upsert.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/merge_sql.h"

namespace vf::store::sqlite {
namespace {

void bind_value(Query& query, const Value& value) {
  struct Binder {
    Query& query;
    void operator()(std::monostate) const { query.null(); }
    void operator()(int64_t number) const { query.integer(number); }
    void operator()(const std::string& text) const { query.text(text); }
    void operator()(bool flag) const { query.integer(flag ? 1 : 0); }
    void operator()(Instant time) const { query.time(time); }
  };
  std::visit(Binder{query}, value);
}

void bind_stamp(Query& query, const Row& row, size_t group) {
  const bool ranked = rule_of(*row.table, group) == Merge::rank;
  if (!takes_part(row, group)) {
    if (ranked) query.null();
    query.null().null();
    return;
  }
  const Stamp& stamp = row.stamps[group];
  if (ranked) query.integer(stamp.rank);
  query.time(stamp.at).uuid(stamp.by);
}

Value read_value(const Query& query, int index, ColumnType type) {
  if (query.is_null(index)) return {};
  switch (type) {
    case ColumnType::integer:
      return query.integer_at(index);
    case ColumnType::boolean:
      return query.integer_at(index) != 0;
    case ColumnType::time:
      return query.time_at(index);
    case ColumnType::text:
      break;
  }
  return query.text_at(index);
}

}  // namespace

std::string upsert_sql(const Table& table) {
  std::vector<std::string_view> columns;
  for (const StoredColumn& column : stored_columns(table)) columns.push_back(column.name);
  const std::vector<std::string_view> marks(columns.size(), "?");
  std::string sql = fmt::format("INSERT INTO {} AS t ({}) VALUES ({}) ON CONFLICT ({}) DO ", table.name,
                                fmt::join(columns, ", "), fmt::join(marks, ", "), fmt::join(key_columns(table), ", "));
  const std::string assignments = assignments_sql(table);
  if (assignments.empty()) return sql + "NOTHING";
  return sql + fmt::format("UPDATE SET {} WHERE {}", assignments, changes_sql(table));
}

void bind_row(Query& upsert, const Row& row) {
  for (const auto& cell : row.cells) cell ? bind_value(upsert, *cell) : static_cast<void>(upsert.null());
  for (size_t group = 0; group < row.table->groups.size(); ++group) bind_stamp(upsert, row, group);
}

std::string select_sql(const Table& table) {
  std::vector<std::string_view> columns;
  for (const Column& column : table.columns) columns.push_back(column.name);
  return fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT ?", fmt::join(columns, ", "), table.name,
                     fmt::join(key_columns(table), ", "));
}

std::vector<Value> read_values(const Query& query, const Table& table) {
  std::vector<Value> values;
  values.reserve(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); ++i) {
    values.push_back(read_value(query, static_cast<int>(i), table.columns[i].type));
  }
  return values;
}

}  // namespace vf::store::sqlite
