#include "store/sqlite/upsert.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vf::store::sqlite {
namespace {

/// The columns of a group's stamp, in the order in which stamps compare.
std::vector<std::string> stamp_columns(const Table& table, size_t group) {
  const Group& names = table.groups[group];
  std::vector<std::string> columns{std::string(names.at_column), std::string(names.by_column)};
  if (rule_of(table, group) == Merge::rank) columns.insert(columns.begin(), std::string(names.rank_column));
  return columns;
}

std::string tuple_of(const std::vector<std::string>& columns, std::string_view prefix) {
  std::vector<std::string> names;
  for (const std::string& column : columns) names.push_back(fmt::format("{}{}", prefix, column));
  return fmt::format("({})", fmt::join(names, ", "));
}

/// "What is told beats what is held", for one value; NULL beats nothing and loses against anything.
std::string value_beats(std::string_view column, char sign) {
  return fmt::format("ifnull(excluded.{0} {1} t.{0}, excluded.{0} IS NOT NULL)", column, sign);
}

/// The conditions under which a row that is told changes a group: its stamp beats the one held, or is the same.
struct GroupTests {
  std::string newer;
  std::string same;
};

GroupTests group_tests(const Table& table, size_t group) {
  const auto stamp = stamp_columns(table, group);
  const char sign = rule_of(table, group) == Merge::first ? '<' : '>';
  const std::string told = tuple_of(stamp, "excluded.");
  const std::string held = tuple_of(stamp, "t.");
  // A group that a row says nothing of has a NULL stamp, which beats nothing.
  return {fmt::format("ifnull({} {} {}, excluded.{} IS NOT NULL)", told, sign, held, stamp.back()),
          fmt::format("ifnull({} = {}, 0)", told, held)};
}

struct Clauses {
  std::vector<std::string> assignments;
  std::vector<std::string> changes;  // any of them true: the row changes
};

void add_extreme(Clauses& clauses, const Column& column) {
  const std::string beats = value_beats(column.name, column.merge == Merge::min ? '<' : '>');
  clauses.assignments.push_back(
      fmt::format("{0} = CASE WHEN {1} THEN excluded.{0} ELSE t.{0} END", column.name, beats));
  clauses.changes.push_back(beats);
}

void add_group(Clauses& clauses, const Table& table, size_t group) {
  const GroupTests tests = group_tests(table, group);
  clauses.changes.push_back(tests.newer);
  for (const std::string& column : stamp_columns(table, group)) {
    clauses.assignments.push_back(
        fmt::format("{0} = CASE WHEN {1} THEN excluded.{0} ELSE t.{0} END", column, tests.newer));
  }
  for (const Column& column : table.columns) {
    const bool grouped = column.merge == Merge::first || column.merge == Merge::last || column.merge == Merge::rank;
    if (!grouped || column.group != group) continue;
    const std::string greater = fmt::format("{} AND {}", tests.same, value_beats(column.name, '>'));
    clauses.assignments.push_back(
        fmt::format("{0} = CASE WHEN {1} OR {2} THEN excluded.{0} ELSE t.{0} END", column.name, tests.newer, greater));
    clauses.changes.push_back(greater);
  }
}

std::vector<std::string> key_columns(const Table& table) {
  std::vector<std::string> keys;
  for (const Column& column : table.columns) {
    if (column.merge == Merge::key) keys.emplace_back(column.name);
  }
  return keys;
}

std::vector<std::string> all_columns(const Table& table) {
  std::vector<std::string> columns;
  for (const Column& column : table.columns) columns.emplace_back(column.name);
  for (size_t group = 0; group < table.groups.size(); ++group) {
    for (std::string& column : stamp_columns(table, group)) columns.push_back(std::move(column));
  }
  return columns;
}

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
  const auto columns = all_columns(table);
  const auto keys = key_columns(table);
  Clauses clauses;
  for (const Column& column : table.columns) {
    if (column.merge == Merge::min || column.merge == Merge::max) add_extreme(clauses, column);
  }
  for (size_t group = 0; group < table.groups.size(); ++group) add_group(clauses, table, group);
  const std::vector<std::string_view> marks(columns.size(), "?");
  std::string sql = fmt::format("INSERT INTO {} AS t ({}) VALUES ({}) ON CONFLICT ({}) DO ", table.name,
                                fmt::join(columns, ", "), fmt::join(marks, ", "), fmt::join(keys, ", "));
  if (clauses.assignments.empty()) return sql + "NOTHING";
  return sql + fmt::format("UPDATE SET {} WHERE {}", fmt::join(clauses.assignments, ", "),
                           fmt::join(clauses.changes, " OR "));
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
