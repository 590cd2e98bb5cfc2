#include "store/postgres/outbox/horizon.h"

#include <algorithm>

namespace vf::store::postgres {
namespace {

constexpr const char* kHorizon =
    "SELECT (extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::bigint, coalesce(holder, '') "
    "FROM ingest.horizon()";

}  // namespace

Result<std::optional<Horizon>> read_horizon(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kHorizon));
  if (rows.empty()) return std::nullopt;
  return Horizon{.age = Millis{std::max<int64_t>(rows.integer_at(0, 0), 0)}, .holder = rows.text_at(0, 1)};
}

}  // namespace vf::store::postgres
