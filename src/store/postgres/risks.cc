#include "store/postgres/risks.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kSettings =
    "SELECT pg_catalog.current_setting('synchronous_standby_names') = '', "
    "pg_catalog.current_setting('max_prepared_transactions')::integer > 0";
constexpr const char* kNoStandby =
    "no standby is synchronous (synchronous_standby_names is empty): a failover may lose acknowledged events; name "
    "one, or ignore this where the database has no standby";
constexpr const char* kPrepared =
    "prepared transactions are allowed (max_prepared_transactions): one that is never ended holds back every event, "
    "even after a restart; set it to 0 unless another program on this server needs it";

}  // namespace

Result<std::vector<std::string>> risks(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kSettings));
  std::vector<std::string> sentences;
  if (rows.boolean_at(0, 0)) sentences.emplace_back(kNoStandby);
  if (rows.boolean_at(0, 1)) sentences.emplace_back(kPrepared);
  return sentences;
}

}  // namespace vf::store::postgres
