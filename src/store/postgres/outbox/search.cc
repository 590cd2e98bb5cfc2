#include "store/postgres/outbox/search.h"

#include "store/postgres/outbox/event_row.h"

namespace vf::store::postgres {
namespace {

constexpr TransactionLimits kLimits{.statement = Millis{10000}, .lock = Millis{10000}, .idle = Millis{10000}};

struct Search {
  std::string sql = "SELECT " VF_EVENT_COLUMNS " FROM ingest.ingest_outbox o WHERE true";
  Values values = {};

  std::string next() const { return "$" + std::to_string(values.size() + 1); }
  void narrow(std::string_view condition) {
    sql += " AND ";
    sql += condition;
    sql += next();
  }
};

Search search_of(const EventFilter& filter) {
  Search search;
  if (filter.before) {
    search.sql += " AND (o.era, o.tx, o.seq) < ($1::integer, $2::text::xid8, $3)";
    add_position(search.values, *filter.before);
  }
  for (const auto& [condition, value] :
       {std::pair("o.source = ", &filter.source), std::pair("o.subject = ", &filter.subject)}) {
    if (!*value) continue;
    search.narrow(condition);
    search.values.text(**value);
  }
  if (filter.type && filter.type->ends_with('*')) {
    search.sql += " AND starts_with(o.type, " + search.next() + ")";
    search.values.text(std::string_view(*filter.type).substr(0, filter.type->size() - 1));
  } else if (filter.type) {
    search.narrow("o.type = ");
    search.values.text(*filter.type);
  }
  for (const auto& [condition, value] :
       {std::pair("o.received_at >= ", &filter.from), std::pair("o.received_at < ", &filter.to)}) {
    if (!*value) continue;
    search.narrow(condition);
    search.values.time(**value);
  }
  search.sql += " ORDER BY o.era DESC, o.tx DESC, o.seq DESC LIMIT " + search.next();
  search.values.limit(filter.rows_max);
  return search;
}

}  // namespace

Result<std::vector<OutboxRow>> search_outbox(Connection& db, const EventFilter& filter) {
  const Search search = search_of(filter);
  std::vector<OutboxRow> found;
  const auto body = [&]() -> Result<void> {
    VF_ASSIGN(const auto rows, db.query(search.sql, search.values));
    for (int i = 0; i < rows.size(); ++i) found.push_back(read_event(rows, i));
    return {};
  };
  VF_TRY(db.transaction(body, kLimits));
  return found;
}

}  // namespace vf::store::postgres
