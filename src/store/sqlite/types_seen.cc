#include "store/sqlite/types_seen.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "store/sqlite/connection.h"
#include "store/sqlite/transaction_writer.h"

namespace vf::store::sqlite {
namespace {

// Short steps, so that no read transaction stays open long enough to block the checkpointer.
constexpr int64_t kRowsPerStep = 10'000;

constexpr std::string_view kTypes =
    "SELECT source, type, count(*), min(received_at) FROM ingest_outbox WHERE seq >= ? AND seq < ? "
    "AND received_at >= ? GROUP BY source, type";

struct Found {
  std::set<std::pair<std::string, std::string>> pairs;  // source and type
  size_t rows = 0;
  Instant oldest = Instant::max();
};

struct Step {
  int64_t from;
  int64_t before;
};

/// Adds the types of the rows of one step. Returns how many of the rows were received at or after `since`.
Result<size_t> read_step(Connection& db, Step step, Instant since, Found& found) {
  Query query = db.query(kTypes);
  query.integer(step.from).integer(step.before).time(since);
  size_t rows = 0;
  while (true) {
    VF_ASSIGN(const bool row, query.step());
    if (!row) break;
    found.pairs.emplace(query.text_at(0), query.text_at(1));
    rows += static_cast<size_t>(query.integer_at(2));
    found.oldest = std::min(found.oldest, query.time_at(3));
  }
  found.rows += rows;
  return rows;
}

}  // namespace

Result<TypesSeen> types_seen(const std::string& path, const TypesSince& params) {
  TypesSeen seen;
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) return seen;
  VF_ASSIGN(auto db, Connection::open({.path = path, .read_only = true}));
  VF_ASSIGN(const auto first, read_first(db));
  VF_ASSIGN(const auto end, read_end(db));
  Found found;
  int64_t before = end + 1;
  int64_t left = static_cast<int64_t>(params.rows_max);
  bool is_past = false;  // rows that are too old were met: so are all before them
  while (before > first && left > 0 && !is_past) {
    const int64_t from = std::max({first, before - kRowsPerStep, before - left});
    VF_ASSIGN(const auto rows, read_step(db, {.from = from, .before = before}, params.from, found));
    is_past = rows < static_cast<size_t>(before - from);
    left -= before - from;
    before = from;
  }
  seen.complete = is_past || before <= first;
  seen.rows = found.rows;
  if (found.rows > 0) seen.oldest = found.oldest;
  for (const auto& [source, type] : found.pairs) seen.types.push_back({.source = source, .type = type});
  return seen;
}

}  // namespace vf::store::sqlite
