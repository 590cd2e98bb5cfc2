#include "app/stores.h"

#include <fmt/format.h>

#include <filesystem>

#include "lake/chdb/chdb_raw_log.h"
#include "lake/chdb/library.h"
#include "projections/tables.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/schema.h"

namespace vf::app {
namespace {

using Kind = config::StoreUrl::Kind;

Error no_driver(std::string_view what) {
  return invalid(std::string(what) +
                 " is not built into this version: use sqlite:FILE (chdb:FOLDER or none for the lake)");
}

Result<std::string> check_schema(const std::string& path, std::span<const store::Migration> known,
                                 const store::MigrationTarget& target) {
  if (!std::filesystem::exists(path)) return path + " does not exist yet: it is made at the first start";
  const auto pending = store::sqlite::pending_migrations(path, known, target);
  if (!pending) return pending.error();
  if (pending->empty()) return path + " has the schema of this version";
  return fmt::format("{} lacks {} migrations: the next start applies them", path, pending->size());
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

Result<std::string> check_outbox(const config::StoreUrl& url) {
  if (url.kind != Kind::sqlite) return no_driver("ingest.store: a driver for this URL");
  return check_schema(url.location, store::sqlite::outbox_migrations(), {"the shared store", "vf up or vf ingest"});
}

Result<std::string> check_environment(const config::StoreUrl& url, const std::string& name) {
  if (url.kind != Kind::sqlite) return no_driver("environments." + name + ".store: a driver for this URL");
  return check_schema(url.location, store::sqlite::environment_migrations(), {name, "vf up or vf api --env " + name});
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
