// vf.raw_events in SQL and RowBinary: the statements and encodings that all drivers of the raw log share, so that chDB
// and ClickHouse store the same rows. sql/lake creates the table. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/raw_log.h"
#include "lake/retention.h"

namespace vf::lake {

/// "INSERT INTO vf.raw_events (…)", to be followed by rows in RowBinary.
std::string insert_statement();
/// Appends one row as insert_statement() expects it.
void append_row(std::string& out, const RawRow& row);

/// Which of `ids`, at most kIdsPerStatement, the log holds, received within [from, to]. Answer: read_ids().
std::string select_ids_present(std::span<const Uuid> ids, Instant from, Instant to);
inline constexpr size_t kIdsPerStatement = 2'000;  // keeps the text far below the engine's max_query_size of 256 KiB
Result<std::vector<Uuid>> read_ids(std::string_view row_binary);

/// One event, or no row. Answer: read_events().
std::string select_event(Uuid id);
Result<std::vector<Event>> read_events(std::string_view row_binary);

/// The answer to a SELECT of one Int64.
Result<int64_t> read_count(std::string_view row_binary);

/// The rows of RawLog::tally(). Answer: read_tallies().
std::string select_tallies(Instant from, Instant to);
Result<std::vector<HourTally>> read_tallies(std::string_view row_binary);

/// The table's TTL as an expression, written as the engine prints it.
std::string ttl_expression(const RetentionPolicy& retention);

/// A string literal of ClickHouse's SQL, quotes included.
std::string sql_literal(std::string_view text);

}  // namespace vf::lake
