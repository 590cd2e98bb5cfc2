#include "app/stores.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <functional>

#include "lake/chdb/chdb_raw_log.h"
#include "lake/chdb/library.h"
#include "lake/clickhouse/clickhouse_raw_log.h"
#include "projections/tables.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/leaving.h"
#include "store/postgres/outbox/horizon.h"
#include "store/postgres/outbox/orders.h"
#include "store/postgres/outbox/outbox.h"
#include "store/postgres/outbox/types_seen.h"
#include "store/postgres/pool.h"
#include "store/postgres/risks.h"
#include "store/sqlite/database_files.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/orders.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/types_seen.h"

namespace vf::app {
namespace {

using Kind = settings::StoreUrl::Kind;

lake::chdb::ChdbParams chdb_params(const settings::Ingest& ingest) {
  return {.path = ingest.lake.path, .retention = raw_retention(ingest), .library = {}, .engine_options = {}};
}

lake::clickhouse::ClickHouseParams clickhouse_params(const settings::Ingest& ingest) {
  lake::clickhouse::ClickHouseParams params = ingest.clickhouse;
  params.url = ingest.lake.address.reveal();
  params.retention = raw_retention(ingest);
  return params;
}

/// Returns the sentence about a schema without pending migrations.
Result<std::string> fits(const std::string& store, const Result<std::vector<std::string>>& newer) {
  if (!newer) return newer.error();
  if (newer->empty()) return store + " has the schema of this version";
  return fmt::format("{} has the schema of a newer version ({}), which this one can run with", store,
                     fmt::join(*newer, ", "));
}

Result<std::string> check_schema(const std::string& path, std::span<const store::Migration> known,
                                 const store::MigrationTarget& target) {
  if (!std::filesystem::exists(path)) return path + " does not exist yet: it is made at the first start";
  VF_ASSIGN(const auto pending, store::sqlite::pending_migrations(path, known, target));
  if (pending.empty()) return fits(path, store::sqlite::newer_migrations(path, known));
  return fmt::format("{} lacks {} migrations: the next start applies them", path, pending.size());
}

using Names = Result<std::vector<std::string>>;

Result<std::string> check_server(const Names& pending, const std::function<Names()>& newer,
                                 const std::string& command) {
  if (!pending) return pending.error();
  if (pending->empty()) return fits("the PostgreSQL server answers and", newer());
  return conflict(fmt::format("it lacks {}: run `{}`", fmt::join(*pending, ", "), command));
}

}  // namespace

Result<std::unique_ptr<store::OutboxStore>> open_outbox(const settings::StoreUrl& url, Instant now) {
  if (url.kind == Kind::postgresql) return store::postgres::open_outbox({.url = url.address.reveal()});
  return store::sqlite::open_outbox({.path = url.path, .now = now});
}

bool is_shared(const settings::StoreUrl& url) { return url.kind != Kind::sqlite; }

std::string obstacle_to_restart(const settings::StoreUrl& url) {
  if (url.kind != Kind::sqlite) return {};
  const auto single = store::sqlite::check_single_name(url.path);
  return single ? std::string{} : "the next start will be refused: " + single.error().message;
}

watch::AskHorizon ask_horizon(const settings::StoreUrl& url) {
  if (url.kind != Kind::postgresql) return {};
  const store::postgres::ConnectionParams params{.url = url.address.reveal(), .role = "horizon"};
  return [pool = std::make_shared<store::postgres::Pool>(params, 1)]() -> Result<std::optional<watch::HeldBack>> {
    VF_ASSIGN(auto db, pool->lease());
    VF_ASSIGN(auto horizon, store::postgres::read_horizon(*db));
    if (!horizon) return std::nullopt;
    return watch::HeldBack{horizon->age, std::move(horizon->holder)};
  };
}

watch::AskTime ask_time(const settings::StoreUrl& url) {
  if (url.kind != Kind::postgresql) return {};
  return [url = url.address.reveal()]() -> Result<Instant> {
    VF_ASSIGN(auto db, store::postgres::Connection::open({.url = url, .role = "doctor"}));
    return db.server_time();
  };
}

Result<std::unique_ptr<store::EnvironmentStore>> open_environment(const settings::StoreUrl& url,
                                                                  const std::string& name, Instant now) {
  if (url.kind == Kind::postgresql) {
    return store::postgres::open_environment(
        {.url = url.address.reveal(), .environment = name, .tables = projections::tables()});
  }
  return store::sqlite::open_environment(
      {.path = url.path, .environment = name, .tables = projections::tables(), .now = now});
}

void leave_servers() { store::postgres::leave(); }

Result<std::unique_ptr<lake::RawLog>> open_lake(const settings::Ingest& ingest, const Clock& clock) {
  if (ingest.lake.kind == Kind::none) return std::unique_ptr<lake::RawLog>{};
  if (ingest.lake.kind == Kind::clickhouse) return lake::clickhouse::open_clickhouse(clickhouse_params(ingest));
  return lake::chdb::open_chdb(chdb_params(ingest), clock);
}

Result<std::vector<std::string>> pending_lake(const settings::Ingest& ingest) {
  if (ingest.lake.kind == Kind::chdb) return lake::chdb::pending(chdb_params(ingest));
  if (ingest.lake.kind == Kind::clickhouse) return lake::clickhouse::pending(clickhouse_params(ingest));
  return std::vector<std::string>{};
}

Result<std::vector<std::string>> newer_lake(const settings::Ingest& ingest) {
  if (ingest.lake.kind == Kind::chdb) return lake::chdb::newer(chdb_params(ingest));
  if (ingest.lake.kind == Kind::clickhouse) return lake::clickhouse::newer(clickhouse_params(ingest));
  return std::vector<std::string>{};
}

Result<std::vector<std::string>> migrate_lake(const settings::Ingest& ingest, const Clock& clock) {
  if (ingest.lake.kind == Kind::chdb) return lake::chdb::migrate(chdb_params(ingest), clock);
  if (ingest.lake.kind == Kind::clickhouse) return lake::clickhouse::migrate(clickhouse_params(ingest), clock);
  return std::vector<std::string>{};
}

Result<std::string> check_outbox(const settings::StoreUrl& url) {
  if (url.kind == Kind::postgresql) {
    return check_server(
        store::postgres::pending_outbox(url.address.reveal()),
        [&url] { return store::postgres::newer_outbox(url.address.reveal()); }, "vf migrate dm");
  }
  return check_schema(url.path, store::sqlite::outbox_migrations(), {"the shared store", "vf up or vf ingest"});
}

Result<std::vector<std::string>> outbox_risks(const settings::StoreUrl& url) {
  if (url.kind != Kind::postgresql) return std::vector<std::string>{};
  VF_ASSIGN(auto db, store::postgres::Connection::open({.url = url.address.reveal(), .role = "doctor"}));
  return store::postgres::risks(db);
}

Result<store::TypesSeen> types_seen(const settings::StoreUrl& url, const store::TypesSince& params) {
  if (url.kind != Kind::postgresql) return store::sqlite::types_seen(url.path, params);
  VF_ASSIGN(auto db, store::postgres::Connection::open({.url = url.address.reveal(), .role = "doctor"}));
  return store::postgres::types_seen(db, params);
}

Result<std::vector<store::PutSetting>> read_orders(const settings::StoreUrl& url) {
  if (url.kind != Kind::postgresql) return store::sqlite::read_orders(url.path);
  VF_ASSIGN(auto db, store::postgres::Connection::open({.url = url.address.reveal(), .role = "doctor"}));
  return store::postgres::read_orders(db);
}

Result<std::string> check_environment(const settings::StoreUrl& url, const std::string& name) {
  if (url.kind == Kind::postgresql) {
    return check_server(
        store::postgres::pending_environment(url.address.reveal(), name),
        [&] { return store::postgres::newer_environment(url.address.reveal(), name); }, "vf migrate env --env " + name);
  }
  return check_schema(url.path, store::sqlite::environment_migrations(), {name, "vf up or vf api --env " + name});
}

Result<std::string> check_lake(const settings::Ingest& ingest) {
  if (ingest.lake.kind == Kind::none)
    return std::string("none: events are kept in the outbox alone, for its retention");
  if (ingest.lake.kind == Kind::chdb) {
    VF_ASSIGN(const auto library, lake::chdb::Library::load({}));
    return std::string("libchdb ") + library->version();
  }
  VF_ASSIGN(const auto pending, pending_lake(ingest));
  if (pending.empty()) return fits("the ClickHouse server answers and", newer_lake(ingest));
  return conflict(fmt::format("the lake lacks {}: run `vf migrate lake`", fmt::join(pending, ", ")));
}

lake::RetentionPolicy raw_retention(const settings::Ingest& ingest) {
  lake::RetentionPolicy retention;
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
