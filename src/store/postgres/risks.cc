#include "store/postgres/risks.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kSettings =
    "SELECT pg_catalog.current_setting('synchronous_standby_names') = '', "
    "pg_catalog.current_setting('max_prepared_transactions')::integer > 0, "
    "pg_catalog.current_setting('fsync') = 'off', pg_catalog.current_setting('full_page_writes') = 'off', "
    "pg_catalog.current_setting('zero_damaged_pages') = 'on'";

// In the order of the columns of kSettings.
constexpr const char* kSentences[] = {
    "no standby is synchronous (synchronous_standby_names is empty): a failover may lose acknowledged events; name "
    "one, or ignore this where the database has no standby",
    "prepared transactions are allowed (max_prepared_transactions): one that is never ended holds back every event, "
    "even after a restart; set it to 0 unless another program on this server needs it",
    "fsync is off: a crash of the server's machine loses acknowledged events and may damage the database; set it to on",
    "full_page_writes is off: a crash of the server's machine may damage the database; set it to on",
    "zero_damaged_pages is on: the server empties a damaged page, with the events in it, instead of reporting it; set "
    "it to off"};

}  // namespace

Result<std::vector<std::string>> risks(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kSettings));
  std::vector<std::string> sentences;
  for (int column = 0; const char* sentence : kSentences) {
    if (rows.boolean_at(0, column++)) sentences.emplace_back(sentence);
  }
  return sentences;
}

}  // namespace vf::store::postgres
