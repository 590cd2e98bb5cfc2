#include "store/postgres/outbox/types_seen.h"

#include <algorithm>

namespace vf::store::postgres {
namespace {

// The server ends the statement at this limit, whatever plan it has chosen.
constexpr TransactionLimits kLimits{.statement = Millis{10000}, .lock = Millis{10000}, .idle = Millis{10000}};

// Partitions outside the span are pruned; in the others the primary key leads from the newest row backwards.
constexpr const char* kTypes =
    "SELECT r.source, r.type, count(*), min(r.received_at) FROM (SELECT o.source, o.type, o.received_at "
    "FROM ingest.ingest_outbox o WHERE o.received_at >= $1 ORDER BY o.era DESC, o.tx DESC, o.seq DESC LIMIT $2) r "
    "GROUP BY r.source, r.type";

}  // namespace

Result<TypesSeen> types_seen(Connection& db, const TypesSince& params) {
  TypesSeen seen;
  const auto body = [&]() -> Result<void> {
    VF_ASSIGN(const auto rows, db.query(kTypes, Values().time(params.from).limit(params.rows_max)));
    for (int i = 0; i < rows.size(); ++i) {
      seen.types.push_back({.source = rows.text_at(i, 0), .type = rows.text_at(i, 1)});
      seen.oldest = i == 0 ? rows.time_at(i, 3) : std::min(seen.oldest, rows.time_at(i, 3));
      seen.rows += static_cast<size_t>(rows.integer_at(i, 2));
    }
    return {};
  };
  VF_TRY(db.transaction(body, kLimits));
  seen.complete = seen.rows < params.rows_max;
  return seen;
}

}  // namespace vf::store::postgres
