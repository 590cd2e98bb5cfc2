// Projected tables as SQL for PostgreSQL: one statement joins many rows into their table by the rules of
// store::merge(). Texts are compared as text.h writes them, in memory as on the server, or the two would disagree.
// Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/postgres/rows.h"
#include "store/postgres/values.h"
#include "store/table.h"

namespace vf::store::postgres {

/// INSERT … SELECT FROM unnest(a column's values each) … ON CONFLICT DO UPDATE. Rows that change nothing are left out
/// by the SELECT already: a conflict locks the row, which writes to it. No key may come twice.
std::string upsert_sql(const Table& table);

/// The parameters of upsert_sql(), from rows in stored form.
Values bind_rows(const Table& table, std::span<const Row* const> rows);

/// Why the table can never hold the row: a missing key, a value of another type than its column.
std::optional<std::string> misfit(const Row& row);

/// The row with its texts as the server holds them; nullopt: they stand as they are.
std::optional<Row> stored_form(const Row& row);

/// SELECT of Table::columns in key order, with a LIMIT parameter.
std::string select_sql(const Table& table);
std::vector<Value> read_values(const Rows& rows, int row, const Table& table);

}  // namespace vf::store::postgres
