// Projected tables as SQL: the statement that joins a row into its table by the rules of store::merge().
// Pure functions; one statement a table, whatever a row mentions: what it does not mention is bound as NULL.
#pragma once

#include <string>

#include "store/sqlite/connection.h"
#include "store/table.h"

namespace vf::store::sqlite {

/// INSERT … ON CONFLICT DO UPDATE … WHERE something changes.
std::string upsert_sql(const Table& table);

/// Binds a row in the order of upsert_sql(). The row must live until the statement has run.
void bind_row(Query& upsert, const Row& row);

/// SELECT of Table::columns in key order, with a LIMIT parameter.
std::string select_sql(const Table& table);

std::vector<Value> read_values(const Query& query, const Table& table);

}  // namespace vf::store::sqlite
