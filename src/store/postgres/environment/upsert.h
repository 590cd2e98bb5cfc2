// Projected tables as SQL for PostgreSQL: one statement joins many rows into their table by the rules of
// store::merge(). Texts are compared as text.h writes them, in memory as on the server, or the two would disagree.
// Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/postgres/values.h"
#include "store/table.h"

namespace vf::store::postgres {

/// INSERT … SELECT FROM unnest(one array per column) … ON CONFLICT DO UPDATE. The SELECT leaves out rows that change
/// nothing, because a conflict locks the stored row, which is a write. No key may occur twice.
std::string upsert_sql(const Table& table);

/// The parameters of upsert_sql(), from rows in stored form.
Values bind_rows(const Table& table, std::span<const Row* const> rows);

/// Why the table can never hold the row (a missing key, a value of another type than its column); nullopt: it can.
std::optional<std::string> misfit(const Row& row);

/// The row with its texts as the server stores them; nullopt: they are stored unchanged.
std::optional<Row> stored_form(const Row& row);

}  // namespace vf::store::postgres
