#include "store/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "base/result.h"

namespace vf::store {
namespace {

bool is_null(const std::optional<Value>& cell) { return !cell || std::holds_alternative<std::monostate>(*cell); }

void merge_extreme(Merge rule, std::optional<Value>& stored, const std::optional<Value>& incoming) {
  if (is_null(incoming)) return;
  if (is_null(stored) || (rule == Merge::min ? *incoming < *stored : *incoming > *stored)) stored = incoming;
}

bool in_group(const Column& column, size_t group) {
  return (column.merge == Merge::first || column.merge == Merge::last || column.merge == Merge::rank) &&
         column.group == group;
}

/// Compares two stamps by a group's rule. Result `greater`: the incoming values replace the stored ones.
std::strong_ordering compare_stamps(Merge rule, const Stamp& incoming, const Stamp& stored) {
  if (rule == Merge::rank) return incoming <=> stored;
  const auto by_time = std::tie(incoming.at, incoming.by) <=> std::tie(stored.at, stored.by);
  return rule == Merge::first ? 0 <=> by_time : by_time;
}

void merge_group(Row& row, const Row& other, size_t group) {
  if (!takes_part(other, group)) return;
  auto order = std::strong_ordering::greater;
  if (takes_part(row, group))
    order = compare_stamps(rule_of(*row.table, group), other.stamps[group], row.stamps[group]);
  if (order < 0) return;
  // When the stamps are equal (one event has the row twice), the greater values win, so that merge() stays commutative.
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (!in_group(row.table->columns[i], group)) continue;
    if (order > 0 || row.cells[i] < other.cells[i]) row.cells[i] = other.cells[i];
  }
  row.stamps[group] = other.stamps[group];
}

std::string tuple_of(const std::vector<StoredColumn>& columns, std::string_view side) {
  std::vector<std::string> names;
  for (const StoredColumn& column : columns) names.push_back(fmt::format("{}.{}", side, column.name));
  return fmt::format("({})", fmt::join(names, ", "));
}

struct Clauses {
  std::vector<std::string> assignments;
  std::vector<std::string> changes;  // conditions; the row changes when any of them is true
};

/// Builds the clauses of one table.
class ClauseBuilder {
 public:
  ClauseBuilder(const Table& table, const MergeSides& sides) : table_(table), sides_(sides) {
    for (const Column& column : table_.columns) {
      if (column.merge == Merge::min || column.merge == Merge::max) add_extreme(column);
    }
    for (size_t group = 0; group < table_.groups.size(); ++group) add_group(group);
  }
  Clauses clauses;

 private:
  /// The condition that the incoming value beats the stored one. NULL beats no value and loses against any value.
  std::string value_beats(std::string_view column, char sign) const {
    return fmt::format("coalesce({1}.{0} {3} {2}.{0}, {1}.{0} IS NOT NULL)", column, sides_.incoming, sides_.stored,
                       sign);
  }

  void assign(std::string_view column, std::string_view condition) {
    clauses.assignments.push_back(fmt::format("{0} = CASE WHEN {1} THEN {2}.{0} ELSE {3}.{0} END", column, condition,
                                              sides_.incoming, sides_.stored));
  }

  void add_extreme(const Column& column) {
    const std::string beats = value_beats(column.name, column.merge == Merge::min ? '<' : '>');
    assign(column.name, beats);
    clauses.changes.push_back(beats);
  }

  void add_group(size_t group) {
    const auto stamp = stamp_columns(table_, group);
    const char sign = rule_of(table_, group) == Merge::first ? '<' : '>';
    const std::string incoming = tuple_of(stamp, sides_.incoming);
    const std::string stored = tuple_of(stamp, sides_.stored);
    // A group without a set cell has a NULL stamp, which beats no stamp.
    const std::string newer = fmt::format("coalesce({} {} {}, {}.{} IS NOT NULL)", incoming, sign, stored,
                                          sides_.incoming, stamp.back().name);
    const std::string same = fmt::format("coalesce({} = {}, false)", incoming, stored);
    clauses.changes.push_back(newer);
    for (const StoredColumn& column : stamp) assign(column.name, newer);
    for (const Column& column : table_.columns) {
      if (!in_group(column, group)) continue;
      const std::string greater = fmt::format("{} AND {}", same, value_beats(column.name, '>'));
      assign(column.name, fmt::format("{} OR {}", newer, greater));
      clauses.changes.push_back(greater);
    }
  }

  const Table& table_;
  const MergeSides& sides_;
};

}  // namespace

Merge rule_of(const Table& table, size_t group) {
  const auto column = std::ranges::find_if(table.columns, [&](const Column& c) { return in_group(c, group); });
  VF_INVARIANT(column != table.columns.end());
  return column->merge;
}

bool takes_part(const Row& row, size_t group) {
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i] && in_group(row.table->columns[i], group)) return true;
  }
  return false;
}

void merge(Row& row, const Row& other) {
  VF_INVARIANT(row.table == other.table && row.cells.size() == other.cells.size());
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const Merge rule = row.table->columns[i].merge;
    if (rule == Merge::min || rule == Merge::max) merge_extreme(rule, row.cells[i], other.cells[i]);
  }
  for (size_t group = 0; group < row.table->groups.size(); ++group) merge_group(row, other, group);
}

std::vector<StoredColumn> stored_columns(const Table& table) {
  std::vector<StoredColumn> columns;
  for (size_t i = 0; i < table.columns.size(); ++i)
    columns.push_back({table.columns[i].name, StoredColumn::Holds::cell, i});
  for (size_t group = 0; group < table.groups.size(); ++group) {
    for (const StoredColumn& column : stamp_columns(table, group)) columns.push_back(column);
  }
  return columns;
}

std::vector<StoredColumn> stamp_columns(const Table& table, size_t group) {
  using enum StoredColumn::Holds;
  const Group& names = table.groups[group];
  std::vector<StoredColumn> columns;
  if (rule_of(table, group) == Merge::rank) columns.push_back({names.rank_column, rank, group});
  columns.push_back({names.at_column, at, group});
  columns.push_back({names.by_column, by, group});
  return columns;
}

std::vector<std::string_view> key_columns(const Table& table) {
  std::vector<std::string_view> keys;
  for (const Column& column : table.columns) {
    if (column.merge == Merge::key) keys.push_back(column.name);
  }
  return keys;
}

std::strong_ordering compare_keys(const Row& a, const Row& b) {
  if (a.table != b.table) {
    if (const auto order = a.table->name <=> b.table->name; order != 0) return order;
  }
  for (size_t i = 0; i < a.table->columns.size() && a.table->columns[i].merge == Merge::key; ++i) {
    if (const auto order = a.cells[i] <=> b.cells[i]; order != 0) return order;
  }
  return std::strong_ordering::equal;
}

std::string assignments_sql(const Table& table, const MergeSides& sides) {
  return fmt::format("{}", fmt::join(ClauseBuilder(table, sides).clauses.assignments, ", "));
}

std::string changes_sql(const Table& table, const MergeSides& sides) {
  return fmt::format("{}", fmt::join(ClauseBuilder(table, sides).clauses.changes, " OR "));
}

}  // namespace vf::store
