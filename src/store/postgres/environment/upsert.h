// The SQL that writes projected tables on PostgreSQL: one statement merges many rows into their table by the rules of
// store::merge(). Rows that are merged in memory must have their texts in the form of text.h, because the server
// compares texts in that form. Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/postgres/values.h"
#include "store/table.h"

namespace vf::store::postgres {

/// Returns the statement INSERT … SELECT FROM unnest(one array per column) … ON CONFLICT DO UPDATE. The SELECT leaves
/// out rows that would change nothing, because a conflict locks the stored row, and a row lock is a write. The arrays
/// must not have the same key twice.
std::string upsert_sql(const Table& table);

/// Returns the parameters of upsert_sql() for rows that stored_form() has converted.
Values bind_rows(const Table& table, std::span<const Row* const> rows);

/// Returns why the row does not fit its table (a missing key, a value of another type than its column); nullopt: it
/// fits.
std::optional<std::string> misfit(const Row& row);

/// Returns the row with its texts in the form of text.h; nullopt: the texts need no change.
std::optional<Row> stored_form(const Row& row);

}  // namespace vf::store::postgres
