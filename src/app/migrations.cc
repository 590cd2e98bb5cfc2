#include "app/migrations.h"

#include <filesystem>

#include "app/stores.h"
#include "lake/schema.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/outbox/outbox.h"
#include "store/postgres/schema.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/schema.h"

namespace vf::app {
namespace {

using Kind = settings::StoreUrl::Kind;

/// Migrates a SQLite store by opening it.
template <class Open>
Schema::Names migrate_by_opening(const std::string& path, const Schema::Names& pending, const Open& open) {
  if (!pending || pending->empty()) return pending;
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;  // open() reports a folder that cannot be used
  if (std::filesystem::create_directories(folder, ignored))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  VF_TRY(open());
  return pending;
}

/// The path of an SQLite store, or the URL by which migrations reach a PostgreSQL store.
Result<std::string> direct_url(const std::string& key, const settings::StoreUrl& store,
                               const settings::StoreUrl& direct) {
  if (store.kind == Kind::postgresql) return (direct.kind == Kind::none ? store : direct).address.reveal();
  if (direct.kind == Kind::none) return store.path;
  return invalid(key + ".migrate_store leads to PostgreSQL, but " + key + ".store does not: remove one of them");
}

template <class Step>
std::function<Schema::Names()> with(const Result<std::string>& url, Step step) {
  return [url, step]() -> Schema::Names { return url ? step(*url) : Schema::Names(url.error()); };
}

bool is_missing_by_default(const settings::Ingest& ingest, const Schema::Names& names) {
  return !names && names.error().code == Code::not_found && !ingest.lake_named;
}

}  // namespace

Schema shared_schema(const settings::Ingest& ingest, const Clock& clock) {
  const auto url = direct_url("ingest", ingest.store, ingest.migrate_store);
  if (ingest.store.kind == Kind::postgresql) {
    return {.name = "dm",
            .newest = store::postgres::outbox_migrations().back().name,
            .pending = with(url, store::postgres::pending_outbox),
            .migrate = with(url, store::postgres::migrate_outbox),
            .newer = with(url, store::postgres::newer_outbox)};
  }
  const auto migrate = [&clock](const std::string& path) {
    return migrate_by_opening(path, store::sqlite::pending_outbox(path),
                              [&] { return store::sqlite::open_outbox({.path = path, .now = clock.now()}); });
  };
  const auto known = store::sqlite::outbox_migrations();
  return {
      .name = "dm",
      .newest = known.back().name,
      .pending = with(url, store::sqlite::pending_outbox),
      .migrate = with(url, migrate),
      .newer = with(url, [known](const std::string& path) { return store::sqlite::newer_migrations(path, known); })};
}

Schema environment_schema(const std::string& name, const settings::Environment& environment, const Clock& clock) {
  const auto url = direct_url("environments." + name, environment.store, environment.migrate_store);
  if (environment.store.kind == Kind::postgresql) {
    namespace driver = store::postgres;
    return {.name = "env " + name,
            .newest = driver::environment_migrations().back().name,
            .pending = with(url, [name](const std::string& at) { return driver::pending_environment(at, name); }),
            .migrate = with(url, [name](const std::string& at) { return driver::migrate_environment(at, name); }),
            .newer = with(url, [name](const std::string& at) { return driver::newer_environment(at, name); })};
  }
  const auto pending = [name](const std::string& path) { return store::sqlite::pending_environment(path, name); };
  const auto migrate = [name, pending, &clock](const std::string& path) {
    return migrate_by_opening(path, pending(path), [&] {
      return store::sqlite::open_environment({.path = path, .environment = name, .tables = {}, .now = clock.now()});
    });
  };
  const auto known = store::sqlite::environment_migrations();
  return {
      .name = "env " + name,
      .newest = known.back().name,
      .pending = with(url, pending),
      .migrate = with(url, migrate),
      .newer = with(url, [known](const std::string& path) { return store::sqlite::newer_migrations(path, known); })};
}

Schema lake_schema(const settings::Ingest& ingest, const Clock& clock) {
  const auto unless_missing = [&ingest](Schema::Names names) {
    return is_missing_by_default(ingest, names) ? Schema::Names(std::vector<std::string>{}) : names;
  };
  return {.name = "lake",
          .newest = lake::migrations().back().name,
          .pending = [&ingest, unless_missing] { return unless_missing(pending_lake(ingest)); },
          .migrate = [&ingest, &clock, unless_missing] { return unless_missing(migrate_lake(ingest, clock)); },
          .newer = [&ingest, unless_missing] { return unless_missing(newer_lake(ingest)); }};
}

void log_newer(const Schema& schema, obs::Log& log) {
  const auto newer = schema.newer();
  if (!newer || newer->empty()) return;
  log.info("a newer vf has migrated the schema; this vf can run with it",
           {{"schema", schema.name}, {"newest_known", schema.newest}, {"newest_applied", newer->back()}});
}

}  // namespace vf::app
