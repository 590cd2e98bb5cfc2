#include "app/stores.h"

#include "lake/chdb/chdb_raw_log.h"
#include "lake/chdb/library.h"
#include "projections/tables.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"

namespace vf::app {
namespace {

using Kind = config::StoreUrl::Kind;

Error no_driver(std::string_view what) {
  return invalid(std::string(what) +
                 " is not built into this version: use sqlite:FILE (chdb:FOLDER or none for the lake)");
}

}  // namespace

Result<std::unique_ptr<store::OutboxStore>> open_outbox(const config::StoreUrl& url, Instant now) {
  if (url.kind != Kind::sqlite) return no_driver("ingest.store: a driver for this URL");
  return store::sqlite::open_outbox({.path = url.location, .now = now});
}

Result<std::unique_ptr<store::EnvironmentStore>> open_environment(const config::StoreUrl& url, const std::string& name,
                                                                  Instant now) {
  if (url.kind != Kind::sqlite) return no_driver("environments." + name + ".store: a driver for this URL");
  return store::sqlite::open_environment(
      {.path = url.location, .environment = name, .tables = projections::tables(), .now = now});
}

Result<std::unique_ptr<lake::RawLog>> open_lake(const config::StoreUrl& url, const lake::Retention& retention,
                                                const Clock& clock) {
  if (url.kind == Kind::none) return std::unique_ptr<lake::RawLog>{};
  if (url.kind != Kind::chdb) return no_driver("ingest.lake: a driver for this URL");
  return lake::chdb::open_chdb({.path = url.location, .retention = retention, .library = {}, .engine_options = {}},
                               clock);
}

Result<std::string> check_lake_driver(const config::StoreUrl& url) {
  if (url.kind == Kind::none) return std::string("none: events are kept in the outbox alone, for its retention");
  if (url.kind != Kind::chdb) return no_driver("ingest.lake: a driver for this URL");
  const auto library = lake::chdb::Library::load({});
  if (!library) return library.error();
  return std::string("libchdb ") + (*library)->version();
}

lake::Retention raw_retention(const config::Ingest& ingest) {
  lake::Retention retention;
  for (const auto& [source, keep] : ingest.raw_retention) {
    const auto span = std::chrono::duration_cast<std::chrono::seconds>(keep);
    if (source == lake::kDefaultClass) {
      retention.otherwise = span;
    } else {
      retention.by_source[source] = span;
    }
  }
  return retention;
}

}  // namespace vf::app
