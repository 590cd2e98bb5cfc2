#include "store/postgres/outbox/schema.h"

#include <fmt/format.h>

#include <optional>

#include "store/postgres/outbox/retention.h"

namespace vf::store::postgres {
namespace {

constexpr const char* kCommand = "vf migrate dm";
constexpr const char* kEraProblem = "SELECT ingest.era_trouble()";
constexpr const char* kNextEra = "SELECT max(era) + 1 FROM ingest.ingest_era HAVING ingest.era_trouble() IS NOT NULL";
constexpr const char* kServer = "SELECT pg_is_in_recovery(), ingest.era_trouble()";

Error of_another_cluster(const Connection& db, const std::string& problem) {
  return conflict(fmt::format(
      "the shared database {} cannot be used as it is: {}. Events would be skipped. Check that no other copy "
      "of it is in use, then run `{}`, which opens its next era",
      db.where(), problem, kCommand));
}

Result<int64_t> era(Connection& db, const char* sql) {
  VF_ASSIGN(const auto rows, db.query(sql));
  return rows.is_null(0, 0) ? 0 : rows.integer_at(0, 0);
}

std::string era_name(int64_t era) { return fmt::format("era {}", era); }

}  // namespace

SchemaParams outbox_schema(const Connection& db) {
  return {.schema = "ingest",
          .known = outbox_migrations(),
          .target = {.database = "the shared database " + db.where(), .command = kCommand},
          .baseline = outbox_baseline()};
}

Result<std::vector<std::string>> prepare_outbox(Connection& db) {
  auto names = migrate(db, outbox_schema(db));
  if (!names) return names;
  const auto prepared = db.transaction([&]() -> Result<void> {
    VF_TRY(db.query("SELECT ingest.grant_rights()"));
    VF_ASSIGN(const auto before, era(db, "SELECT max(era) FROM ingest.ingest_era"));
    VF_ASSIGN(const auto after, era(db, "SELECT ingest.open_era()"));
    if (after != before) names->push_back(era_name(after));
    return {};
  });
  if (!prepared) return explain(db, outbox_schema(db).schema, prepared.error());
  VF_TRY(add_partitions(db, std::nullopt));
  return names;
}

Result<std::vector<std::string>> pending_of_outbox(Connection& db) {
  auto names = pending_migrations(db, outbox_schema(db));
  if (!names || !names->empty()) return names;  // the query for the next era needs the whole schema
  VF_ASSIGN(const auto next, db.query(kNextEra));
  if (!next.empty()) names->push_back(era_name(next.integer_at(0, 0)));
  return names;
}

Result<void> check_outbox(Connection& db) {
  VF_TRY(check_migrated(db, outbox_schema(db)));
  VF_ASSIGN(const auto rows, db.query(kEraProblem));
  if (rows.is_null(0, 0)) return {};
  return of_another_cluster(db, rows.text_at(0, 0));
}

Result<void> check_server_of_outbox(Connection& db) {
  VF_ASSIGN(const auto rows, db.query(kServer));
  if (rows.boolean_at(0, 0)) {
    return unavailable(
        fmt::format("{} is a standby that cannot be written: name every host in the address, with "
                    "target_session_attrs=read-write",
                    db.where()));
  }
  if (rows.is_null(0, 1)) return {};
  return unavailable(of_another_cluster(db, rows.text_at(0, 1)).message);
}

}  // namespace vf::store::postgres
