#include "lake/clickhouse/migration.h"

#include <fmt/format.h>

#include <charconv>

#include "lake/clickhouse/endpoints.h"
#include "lake/raw_events.h"
#include "lake/row_binary.h"

namespace vf::lake::clickhouse {
namespace {

constexpr std::pair kOldestVersion{25, 6};  // projections as indexes (sql/lake/0001_raw_events.sql)

Result<void> check_version(const Execute& execute) {
  VF_ASSIGN(auto answer, execute("SELECT version()"));
  row_binary::Reader reader(answer);
  const std::string version = reader.read_string();
  std::pair found{0, 0};
  const char* end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, found.first);
  if (error == std::errc{} && dot != end) std::from_chars(dot + 1, end, found.second);
  if (found >= kOldestVersion) return {};
  return conflict(fmt::format("lake: the server is ClickHouse {}; version {}.{} or later is needed", version,
                              kOldestVersion.first, kOldestVersion.second));
}

// On several shards, ON CLUSTER would create one table for each (macro {shard}), and no query would read them together.
Result<void> check_cluster(const Execute& execute, const std::string& cluster) {
  if (cluster.empty()) return {};
  VF_ASSIGN(auto answer,
            execute(fmt::format("SELECT toInt64(uniqExact(shard_num)) FROM system.clusters WHERE cluster = {}",
                                sql_literal(cluster))));
  const auto shards = read_count(answer);
  if (!shards) return shards.error();
  if (*shards == 1) return {};
  return invalid(fmt::format("ingest.lake_cluster: the server knows {} of that name; name a cluster of one shard",
                             *shards == 0 ? "no cluster" : fmt::format("a cluster of {} shards", *shards)));
}

Result<std::vector<std::string>> pending_changes(const Execute& execute, const ClickHouseParams& params) {
  VF_TRY(check_version(execute));
  VF_TRY(check_cluster(execute, params.cluster));
  VF_ASSIGN(auto migrations_left, pending_migrations(execute, migrations()));
  VF_ASSIGN(auto same, has_retention(execute, params.retention));
  return names_of(migrations_left, same);
}

}  // namespace

Result<SessionParams> session_params(const ClickHouseParams& params) {
  VF_ASSIGN(auto endpoints, parse_endpoints(params.url));
  SessionParams session;
  session.addresses = std::make_shared<Addresses>(std::move(endpoints.urls));
  session.user = std::move(endpoints.user);
  session.password = params.password;
  session.ca_pem = params.ca_pem;
  session.compression = params.compression;
  session.timeout = params.timeout;
  return session;
}

Settings read_settings() {
  return {{"result_overflow_mode", "throw"},
          {"read_overflow_mode", "throw"},
          {"timeout_overflow_mode", "throw"},
          {"group_by_overflow_mode", "throw"},
          {"sort_overflow_mode", "throw"},
          {"distinct_overflow_mode", "throw"},
          {"set_overflow_mode", "throw"},
          {"limit", "0"},
          {"offset", "0"},
          {"use_query_cache", "0"},
          {"aggregate_functions_null_for_empty", "0"},
          {"data_type_default_nullable", "0"}};  // of a column that a migration creates
}

Execute executing(Session& session) {
  return [&session](const std::string& sql) { return session.query(sql, read_settings()); };
}

Result<void> check_schema(const Execute& execute, const RetentionPolicy& retention) {
  if (auto fits = check_version(execute); !fits) return fits;
  VF_ASSIGN(auto left, pending_migrations(execute, migrations()));
  if (!left.empty()) {
    return conflict(fmt::format("lake: {} migrations are not applied, the first is {}: run `vf migrate lake`",
                                left.size(), left.front().name));
  }
  VF_ASSIGN(auto same, has_retention(execute, retention));
  if (same) return {};
  return conflict(
      "lake: vf.raw_events keeps rows for other spans than ingest.retention.raw_events sets: run `vf migrate lake`");
}

Result<std::vector<std::string>> pending(const ClickHouseParams& params) {
  VF_ASSIGN(auto parameters, session_params(params));
  Session session(std::move(parameters));
  return pending_changes(executing(session), params);
}

Result<std::vector<std::string>> newer(const ClickHouseParams& params) {
  VF_ASSIGN(auto parameters, session_params(params));
  Session session(std::move(parameters));
  return newer_migrations(executing(session), migrations());
}

Result<std::vector<std::string>> migrate(const ClickHouseParams& params, const Clock& clock) {
  VF_ASSIGN(auto parameters, session_params(params));
  Session session(std::move(parameters));
  const Execute execute = executing(session);
  auto left = pending_changes(execute, params);
  if (!left) return left.error();
  VF_TRY(lake::migrate(execute, migrations(), {.cluster = params.cluster}, clock.now()));
  VF_TRY(set_retention(execute, params.retention));
  return left;
}

}  // namespace vf::lake::clickhouse
