#include "store/table.h"

#include <algorithm>
#include <tuple>

#include "base/result.h"

namespace vf::store {
namespace {

bool is_null(const std::optional<Value>& cell) { return !cell || std::holds_alternative<std::monostate>(*cell); }

void merge_extreme(Merge rule, std::optional<Value>& held, const std::optional<Value>& told) {
  if (is_null(told)) return;
  if (is_null(held) || (rule == Merge::min ? *told < *held : *told > *held)) held = told;
}

bool in_group(const Column& column, size_t group) {
  return (column.merge == Merge::first || column.merge == Merge::last || column.merge == Merge::rank) &&
         column.group == group;
}

/// Greater: `told` replaces what is held.
std::strong_ordering compare_stamps(Merge rule, const Stamp& told, const Stamp& held) {
  if (rule == Merge::rank) return told <=> held;
  const auto by_time = std::tie(told.at, told.by) <=> std::tie(held.at, held.by);
  return rule == Merge::first ? 0 <=> by_time : by_time;
}

void merge_group(Row& row, const Row& other, size_t group) {
  if (!takes_part(other, group)) return;
  auto order = std::strong_ordering::greater;
  if (takes_part(row, group))
    order = compare_stamps(rule_of(*row.table, group), other.stamps[group], row.stamps[group]);
  if (order < 0) return;
  // Of equal stamps (one event that tells a row twice) the greater values stand: the join stays commutative.
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (!in_group(row.table->columns[i], group)) continue;
    if (order > 0 || row.cells[i] < other.cells[i]) row.cells[i] = other.cells[i];
  }
  row.stamps[group] = other.stamps[group];
}

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

}  // namespace vf::store
