// Projected tables as data: columns, keys, and how two values of a column merge. merge() applies the rules in memory
// (inside a batch, and as the oracle of tests); assignments_sql() and changes_sql() are the same rules as SQL.
// Every rule is commutative, associative and idempotent, so order and repetition of events cannot change a table.
// Values and pure functions; safe from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"

namespace vf::store {

enum class ColumnType { integer, text, boolean, time };  // time: UTC, milliseconds

/// NULL is a value; a column that an event does not mention is absent from the row instead.
using Value = std::variant<std::monostate, int64_t, std::string, bool, Instant>;

enum class Merge {
  key,    // part of the primary key, never NULL
  min,    // the least value; NULL loses against any other
  max,    // the greatest value; NULL loses against any other
  first,  // the group's values with the least stamp
  last,   // the group's values with the greatest stamp
  rank,   // the group's values with the greatest (rank, stamp): state or authority before time
};

/// The time and the event that a group's values come from.
struct Stamp {
  int64_t rank = 0;  // used by `rank` groups only
  Instant at;
  Uuid by;
  auto operator<=>(const Stamp&) const = default;
};

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::text;
  Merge merge = Merge::key;
  uint8_t group = 0;  // of first/last/rank: index into Table::groups
};

/// Columns that are replaced together. The stamp is stored beside them, in the named columns.
struct Group {
  std::string_view rank_column;  // empty unless the group's rule is rank
  std::string_view at_column;
  std::string_view by_column;  // must be event_id or end in _event_id
};

struct Table {
  std::string_view name;
  std::span<const Column> columns;  // keys first
  std::span<const Group> groups;
};

/// A row projected from an event: cells in the order of Table::columns; nullopt: the event does not mention the column.
/// stamps: one per group; a group takes part when any of its cells is set (unset cells of it then count as NULL).
struct Row {
  const Table* table = nullptr;
  std::vector<std::optional<Value>> cells;
  std::vector<Stamp> stamps;
};

/// Joins `other` (same table, same key) into `row`. Where two stamps are equal, each column keeps the greater value.
void merge(Row& row, const Row& other);

/// The rule that the columns of a group share.
Merge rule_of(const Table& table, size_t group);

/// Whether any cell of the group is set.
bool takes_part(const Row& row, size_t group);

/// A column as a database stores it: a cell, or a part of a group's stamp.
struct StoredColumn {
  enum class Holds { cell, rank, at, by };  // at: a time; by: an event id
  std::string_view name;
  Holds holds = Holds::cell;
  size_t index = 0;  // of the cell in Table::columns, or of the group in Table::groups
};
/// Every column of the table: the cells in order, then each group's stamp.
std::vector<StoredColumn> stored_columns(const Table& table);
/// The columns of a group's stamp, in the order in which stamps compare.
std::vector<StoredColumn> stamp_columns(const Table& table, size_t group);
std::vector<std::string_view> key_columns(const Table& table);

/// Orders rows by table name, then key. Every driver writes in this order, so that two writers cannot deadlock.
std::strong_ordering compare_keys(const Row& a, const Row& b);

/// The aliases of the two rows in a statement. A column that the incoming row does not mention is NULL, and so is the
/// stamp of a group without a set cell.
struct MergeSides {
  std::string_view incoming = "excluded";
  std::string_view stored = "t";
};

/// The join of both rows as "column = …, column = …", in SQL that SQLite and PostgreSQL both accept. Texts must compare
/// byte by byte (BINARY, COLLATE "C") and booleans as false < true. Empty for a table that has only keys.
std::string assignments_sql(const Table& table, const MergeSides& sides = {});

/// True, never NULL, when the join differs from the stored row. Empty for a table that has only keys.
std::string changes_sql(const Table& table, const MergeSides& sides = {});

}  // namespace vf::store
