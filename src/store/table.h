// Projected tables as data: their columns, keys and merge rules (how two values of a column become one). merge()
// applies the rules in memory (inside a batch, and as the oracle of tests); assignments_sql() and changes_sql() express
// the same rules in SQL. Every rule is commutative, associative and idempotent, so neither the order nor the repetition
// of events can change a table. Values and pure functions; safe from any thread.
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

/// A cell's value; std::monostate is NULL. (A column that an event does not mention has no value at all, see Row.)
using Value = std::variant<std::monostate, int64_t, std::string, bool, Instant>;

enum class Merge {
  key,    // the column is part of the primary key, never NULL
  min,    // the least value wins; NULL loses against any other value
  max,    // the greatest value wins; NULL loses against any other value
  first,  // the row with the least stamp wins, for all columns of the group
  last,   // the row with the greatest stamp wins, for all columns of the group
  rank,   // as `last`, but stamps are compared by rank before time: a rank is a state or an authority
};

/// The time and the id of the event that a group's values come from.
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
  uint8_t group = 0;  // index into Table::groups, for the rules first, last and rank
};

/// A group of columns that are replaced together. Their stamp is stored in the same row, in the columns named here.
struct Group {
  std::string_view rank_column;  // empty unless the group's rule is rank
  std::string_view at_column;
  std::string_view by_column;  // must be event_id or end in _event_id
};

struct Table {
  std::string_view name;
  std::span<const Column> columns;  // the key columns first
  std::span<const Group> groups;
};

/// A row projected from an event. A group takes part in a merge when any of its cells is set; its other cells then
/// count as NULL.
struct Row {
  const Table* table = nullptr;
  std::vector<std::optional<Value>> cells;  // as Table::columns; nullopt: the event does not mention the column
  std::vector<Stamp> stamps;                // as Table::groups
};

/// Merges `other`, a row of the same table and key, into `row`; the result is called their join. Where two stamps are
/// equal, each column keeps the greater value.
void merge(Row& row, const Row& other);

/// Returns the merge rule that all columns of a group have.
Merge rule_of(const Table& table, size_t group);

/// Returns whether any cell of the group is set.
bool takes_part(const Row& row, size_t group);

/// A column as a database stores it: a cell, or a part of a group's stamp.
struct StoredColumn {
  enum class Holds { cell, rank, at, by };  // at: a time; by: an event id
  std::string_view name;
  Holds holds = Holds::cell;
  size_t index = 0;  // of the cell in Table::columns, or of the group in Table::groups
};
/// Returns every column of the table: the cells in order, then each group's stamp.
std::vector<StoredColumn> stored_columns(const Table& table);
/// Returns the columns of a group's stamp, in the order in which stamps are compared.
std::vector<StoredColumn> stamp_columns(const Table& table, size_t group);
std::vector<std::string_view> key_columns(const Table& table);

/// Compares two rows by table name, then by key. Every driver writes in this order, so that two writers cannot
/// deadlock.
std::strong_ordering compare_keys(const Row& a, const Row& b);

/// The aliases of the incoming and the stored row in a statement. In the incoming row a cell that is not set is NULL,
/// and so is the stamp of a group without a set cell.
struct MergeSides {
  std::string_view incoming = "excluded";
  std::string_view stored = "t";
};

/// Returns the assignments "column = …, column = …" that merge the incoming row into the stored one, in SQL that SQLite
/// and PostgreSQL both accept. The database must compare texts byte by byte (BINARY, COLLATE "C") and booleans as
/// false < true. The result is empty for a table that has only key columns.
std::string assignments_sql(const Table& table, const MergeSides& sides = {});

/// Returns a condition, never NULL, that is true when the merged row differs from the stored row. The result is empty
/// for a table that has only key columns.
std::string changes_sql(const Table& table, const MergeSides& sides = {});

}  // namespace vf::store
