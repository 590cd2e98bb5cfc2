#include "store/postgres/environment/upsert.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/postgres/text.h"

namespace vf::store::postgres {
namespace {

bool is_null(const std::optional<Value>& cell) { return !cell || std::holds_alternative<std::monostate>(*cell); }

Type type_of(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return Type::integer;
    case ColumnType::boolean:
      return Type::boolean;
    case ColumnType::time:
      return Type::time;
    case ColumnType::text:
      break;
  }
  return Type::text;
}

Type type_of(const Table& table, const StoredColumn& column) {
  switch (column.holds) {
    case StoredColumn::Holds::cell:
      return type_of(table.columns[column.index].type);
    case StoredColumn::Holds::rank:
      return Type::integer;
    case StoredColumn::Holds::at:
      return Type::time;
    case StoredColumn::Holds::by:
      break;
  }
  return Type::uuid;
}

bool is_of_type(const Value& value, ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return std::holds_alternative<int64_t>(value);
    case ColumnType::boolean:
      return std::holds_alternative<bool>(value);
    case ColumnType::time:
      return std::holds_alternative<Instant>(value);
    case ColumnType::text:
      break;
  }
  return std::holds_alternative<std::string>(value);
}

void append_cell(Array& array, const std::optional<Value>& cell) {
  struct Appender {
    Array& array;
    void operator()(std::monostate) const { array.null(); }
    void operator()(int64_t number) const { array.integer(number); }
    void operator()(const std::string& text) const { array.bytes(text); }  // in stored form: already escaped
    void operator()(bool flag) const { array.boolean(flag); }
    void operator()(Instant time) const { array.time(time); }
  };
  std::visit(Appender{array}, cell.value_or(Value{}));
}

void append_stamp(Array& array, const Row& row, const StoredColumn& column) {
  const Stamp& stamp = row.stamps[column.index];
  if (!takes_part(row, column.index)) {
    array.null();
  } else if (column.holds == StoredColumn::Holds::rank) {
    array.integer(stamp.rank);
  } else if (column.holds == StoredColumn::Holds::at) {
    array.time(stamp.at);
  } else {
    array.uuid(stamp.by);
  }
}

/// True for an incoming row whose stored row exists and would not change. OFFSET 0 keeps the subquery a lookup by
/// primary key for each row: as a join, a wrong estimate of the arrays' length could make it read the whole table.
std::string unchanged_sql(const Table& table) {
  std::vector<std::string> same;
  for (const std::string_view key : key_columns(table)) same.push_back(fmt::format("h.{0} = u.{0}", key));
  const std::string changes = changes_sql(table, {.incoming = "u", .stored = "h"});
  return fmt::format("EXISTS (SELECT FROM public.{} AS h WHERE {}{} OFFSET 0)", table.name, fmt::join(same, " AND "),
                     changes.empty() ? "" : fmt::format(" AND NOT ({})", changes));
}

}  // namespace

std::string upsert_sql(const Table& table) {
  std::vector<std::string_view> columns;
  std::vector<std::string> parameters;
  for (const StoredColumn& column : stored_columns(table)) {
    columns.push_back(column.name);
    parameters.push_back(fmt::format("${}", columns.size()));
  }
  std::string sql = fmt::format(
      "INSERT INTO public.{} AS t ({}) SELECT * FROM unnest({}) AS u ({}) WHERE NOT {} ON CONFLICT ({}) DO ",
      table.name, fmt::join(columns, ", "), fmt::join(parameters, ", "), fmt::join(columns, ", "), unchanged_sql(table),
      fmt::join(key_columns(table), ", "));
  const std::string assignments = assignments_sql(table);
  if (assignments.empty()) return sql + "NOTHING";
  return sql + fmt::format("UPDATE SET {} WHERE {}", assignments, changes_sql(table));
}

Values bind_rows(const Table& table, std::span<const Row* const> rows) {
  Values values;
  for (const StoredColumn& column : stored_columns(table)) {
    Array array(type_of(table, column));
    for (const Row* row : rows) {
      if (column.holds == StoredColumn::Holds::cell) {
        append_cell(array, row->cells[column.index]);
      } else {
        append_stamp(array, *row, column);
      }
    }
    values.array(array);
  }
  return values;
}

std::optional<std::string> misfit(const Row& row) {
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const Column& column = row.table->columns[i];
    if (is_null(row.cells[i])) {
      if (column.merge == Merge::key) return fmt::format("{}.{}: a key is missing", row.table->name, column.name);
    } else if (!is_of_type(*row.cells[i], column.type)) {
      return fmt::format("{}.{}: a value of another type than the column's", row.table->name, column.name);
    }
  }
  return std::nullopt;
}

std::optional<Row> stored_form(const Row& row) {
  std::optional<Row> stored;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const auto* text = row.cells[i] ? std::get_if<std::string>(&*row.cells[i]) : nullptr;
    if (text == nullptr) continue;
    std::string form;
    append_text(form, *text);
    if (form == *text) continue;
    if (!stored) stored = row;
    stored->cells[i] = std::move(form);
  }
  return stored;
}

}  // namespace vf::store::postgres
