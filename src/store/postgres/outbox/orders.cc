#include "store/postgres/outbox/orders.h"

namespace vf::store::postgres {

Result<std::vector<PutSetting>> read_orders(Connection& db) {
  VF_ASSIGN(const auto rows, db.query("SELECT key, value FROM ingest.ingest_settings ORDER BY key"));
  std::vector<PutSetting> orders;
  for (int i = 0; i < rows.size(); ++i) orders.push_back({.key = rows.text_at(i, 0), .value = rows.text_at(i, 1)});
  return orders;
}

}  // namespace vf::store::postgres
