#include "store/merge_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vf::store {
namespace {

std::string tuple_of(const std::vector<StoredColumn>& columns, std::string_view side) {
  std::vector<std::string> names;
  for (const StoredColumn& column : columns) names.push_back(fmt::format("{}.{}", side, column.name));
  return fmt::format("({})", fmt::join(names, ", "));
}

struct Clauses {
  std::vector<std::string> assignments;
  std::vector<std::string> changes;  // any of them true: the row changes
};

/// Writes one table's clauses.
class Writer {
 public:
  Writer(const Table& table, const MergeSides& sides) : table_(table), sides_(sides) {
    for (const Column& column : table_.columns) {
      if (column.merge == Merge::min || column.merge == Merge::max) add_extreme(column);
    }
    for (size_t group = 0; group < table_.groups.size(); ++group) add_group(group);
  }
  Clauses clauses;

 private:
  /// "What is told beats what is held", for one value; NULL beats nothing and loses against anything.
  std::string value_beats(std::string_view column, char sign) const {
    return fmt::format("coalesce({1}.{0} {3} {2}.{0}, {1}.{0} IS NOT NULL)", column, sides_.told, sides_.held, sign);
  }

  void assign(std::string_view column, std::string_view condition) {
    clauses.assignments.push_back(
        fmt::format("{0} = CASE WHEN {1} THEN {2}.{0} ELSE {3}.{0} END", column, condition, sides_.told, sides_.held));
  }

  void add_extreme(const Column& column) {
    const std::string beats = value_beats(column.name, column.merge == Merge::min ? '<' : '>');
    assign(column.name, beats);
    clauses.changes.push_back(beats);
  }

  void add_group(size_t group) {
    const auto stamp = stamp_columns(table_, group);
    const char sign = rule_of(table_, group) == Merge::first ? '<' : '>';
    const std::string told = tuple_of(stamp, sides_.told);
    const std::string held = tuple_of(stamp, sides_.held);
    // A group that a row says nothing of has a NULL stamp, which beats nothing.
    const std::string newer =
        fmt::format("coalesce({} {} {}, {}.{} IS NOT NULL)", told, sign, held, sides_.told, stamp.back().name);
    const std::string same = fmt::format("coalesce({} = {}, false)", told, held);
    clauses.changes.push_back(newer);
    for (const StoredColumn& column : stamp) assign(column.name, newer);
    for (const Column& column : table_.columns) {
      const bool grouped = column.merge == Merge::first || column.merge == Merge::last || column.merge == Merge::rank;
      if (!grouped || column.group != group) continue;
      const std::string greater = fmt::format("{} AND {}", same, value_beats(column.name, '>'));
      assign(column.name, fmt::format("{} OR {}", newer, greater));
      clauses.changes.push_back(greater);
    }
  }

  const Table& table_;
  const MergeSides& sides_;
};

}  // namespace

std::string assignments_sql(const Table& table, const MergeSides& sides) {
  return fmt::format("{}", fmt::join(Writer(table, sides).clauses.assignments, ", "));
}

std::string changes_sql(const Table& table, const MergeSides& sides) {
  return fmt::format("{}", fmt::join(Writer(table, sides).clauses.changes, " OR "));
}

}  // namespace vf::store
