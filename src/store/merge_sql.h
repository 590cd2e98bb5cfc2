// The merge rules of store::merge() as SQL that SQLite and PostgreSQL both read: what a row that is told changes of the
// row that is held. Pure functions. Texts must compare byte by byte (BINARY, COLLATE "C"), booleans false < true.
#pragma once

#include <string>
#include <string_view>

#include "store/table.h"

namespace vf::store {

/// The names by which a statement calls the two rows; what a row does not mention is NULL, its group's stamp too.
struct MergeSides {
  std::string_view told = "excluded";
  std::string_view held = "t";
};

/// "column = …, column = …": the join of both rows. Empty for a table of keys alone.
std::string assignments_sql(const Table& table, const MergeSides& sides = {});

/// True, never NULL, when the join differs from the row held. Empty for a table of keys alone.
std::string changes_sql(const Table& table, const MergeSides& sides = {});

}  // namespace vf::store
