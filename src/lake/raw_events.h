// The SQL statements and RowBinary encodings for the table vf.raw_events. All drivers of the raw log share them, so
// that chDB and ClickHouse store the same rows. sql/lake creates the table. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/raw_log.h"
#include "lake/retention.h"

namespace vf::lake {

/// Returns "INSERT INTO vf.raw_events (…)"; rows in RowBinary follow it.
std::string insert_statement();
/// Appends `row` to `out` in RowBinary, with its columns in the order of insert_statement().
void append_row(std::string& out, const RawRow& row);

/// Selects those of `ids` (at most kIdsPerStatement) that the log holds with a time of receipt in [from, to].
/// read_ids() reads the result.
std::string select_ids_present(std::span<const Uuid> ids, Instant from, Instant to);
inline constexpr size_t kIdsPerStatement = 2'000;  // keeps the text far below the engine's max_query_size of 256 KiB
Result<std::vector<Uuid>> read_ids(std::string_view row_binary);

/// Selects the event with this id, if the log holds it. read_events() reads the result.
std::string select_event(Uuid id);
Result<std::vector<Event>> read_events(std::string_view row_binary);

/// Reads the result of a SELECT of one Int64.
Result<int64_t> read_count(std::string_view row_binary);

/// Selects the tallies that RawLog::tally() returns. read_tallies() reads the result.
std::string select_tallies(Instant from, Instant to);
Result<std::vector<HourTally>> read_tallies(std::string_view row_binary);

/// Returns the expression of the table's TTL, written as the engine prints it.
std::string ttl_expression(const RetentionPolicy& retention);

/// Returns `text` as a string literal of ClickHouse's SQL, quotes included.
std::string sql_literal(std::string_view text);

}  // namespace vf::lake
