#include "settings/table.h"

#include "crypto/standard_webhooks.h"
#include "lake/retention.h"
#include "settings/rows.h"
#include "settings/secrets.h"
#include "settings/table_sources.h"
#include "settings/table_targets.h"
#include "store/outbox_store.h"

namespace vf::settings {
namespace {

void add_process(Keys& keys) {
  Section<Settings> top(keys, "", kEveryRole, [](Settings& c, const std::string&) -> Settings& { return c; });
  top.key(
      "data_dir", &Settings::data_dir,
      {.fallback = "./vf-data",
       .doc = "Where stores and secrets are kept. Relative paths of other keys are under it; it is itself under the "
              "working directory.",
       .example = "/var/lib/vf"});
  Section<Log> log(keys, "log", kEveryRole, [](Settings& c, const std::string&) -> Log& { return c.log; });
  log.key("format", &Log::format,
          {.fallback = "human", .doc = "Lines on stderr for people, or one JSON object per line."});
  log.key("level", &Log::level,
          {.fallback = "info", .reload = true, .doc = "The least important lines that are written."});
}

// The ends of a process among orchestrators. The keys of a role are in its own section: `vf api` reads no other.
template <class Struct>
void add_start_and_end(Section<Struct>& s, Roles starts, Roles ends) {
  s.key("wait_for_stores", &Struct::wait_for_stores,
        {.fallback = "0s",
         .max = kDay,
         .roles = starts,
         .doc = "At start: how long a store that is away is waited for; then the process gives up (exit 1). /readyz "
                "is 503 meanwhile."});
  s.key("drain_delay", &Struct::drain_delay,
        {.fallback = "0s",
         .max = kHour,
         .roles = ends,
         .reload = true,
         .doc = "After SIGTERM: /readyz is 503 for this long while requests are still served; then the listeners "
                "close. As long as a load balancer takes to stop sending here. The longest of the process's sections "
                "counts."});
}

void add_webhooks(Keys& keys) {
  Section<http::ServerParams> s(
      keys, "ingest", kHub, [](Settings& c, const std::string&) -> http::ServerParams& { return c.ingest.webhooks; });
  s.key<Listen>("listen", &http::ServerParams::listen,
                {.fallback = "127.0.0.1:8080", .doc = "The public listener: webhooks, nothing else."});
  s.key<Size>("max_body", &http::ServerParams::body_bytes_max,
              {.fallback = "1MiB",
               .min = kKiB,
               .max = 64 * kMiB,
               .doc = "A longer webhook is answered 413 before it is read."});
  s.key("request_timeout", &http::ServerParams::request_timeout,
        {.fallback = "30s",
         .min = kSecond,
         .max = 10 * kMinute,
         .doc = "A request that is not complete within it is answered 408."});
  s.key("idle_timeout", &http::ServerParams::idle_timeout,
        {.fallback = "75s",
         .min = kSecond,
         .max = kHour,
         .doc = "A kept connection is closed after this long without a request. Longer than a load balancer's own "
                "timeout (often 60s), or it sends a request just when the connection is closed."});
  s.key("threads", &http::ServerParams::threads,
        {.fallback = "0", .max = 256, .doc = "Network threads, which also verify signatures; 0: one per core."});
  s.key("connections", &http::ServerParams::connections_max,
        {.fallback = "4096",
         .min = 1,
         .max = 1'000'000,
         .doc = "Open connections; beyond, the one that is idle for longest is closed, or a new one is answered 503."});
  Section<concurrency::BatchQueueParams> queue(
      keys, "ingest", kHub,
      [](Settings& c, const std::string&) -> concurrency::BatchQueueParams& { return c.ingest.queue; });
  queue.key(
      "queue", &concurrency::BatchQueueParams::waiting_max,
      {.fallback = "10000", .min = 1, .max = 1'000'000, .doc = "Events that may wait for a commit; beyond, 503."});
}

void add_ingest(Keys& keys) {
  Section<Ingest> s(keys, "ingest", kHub, [](Settings& c, const std::string&) -> Ingest& { return c.ingest; });
  s.key("store", &Ingest::store,
        {.fallback = "sqlite:dm.db",
         .words = {"sqlite", "postgresql"},
         .roles = kHub | only(Role::migrate_dm),
         .doc = "The shared relational store: outbox, ledger, cursors.",
         .example = "postgresql://vfapp@db.internal/dm"});
  s.key(
      "migrate_store", &Ingest::migrate_store,
      {.fallback_doc = "as ingest.store",
       .words = {"postgresql"},
       .roles = only(Role::migrate_dm),
       .doc = "The address of the shared store for `vf migrate dm`: with a role that may change the schema, and direct "
              "where ingest.store goes through PgBouncer.",
       .example = "postgresql://vfmigrator@db.internal/dm"});
  s.key("answer_timeout", &Ingest::answer_timeout,
        {.fallback = "4s",
         .min = 100,
         .max = kMinute,
         .doc = "A webhook that is not committed within it is answered 503. Keep it under the providers' own "
                "limit (Sumsub: 5s)."});
  add_start_and_end(s, kHub, kHub);
  s.key("retention.outbox", &Ingest::outbox_retention,
        {.fallback = "7d",
         .min = kHour,
         .reload = true,
         .doc = "How long the outbox keeps events, counted from receipt. Rows that a target has not passed are kept "
                "longer."});
  s.key("retention.ledger", &Ingest::ledger_retention,
        {.fallback = "30d",
         .min = 2 * kDay,
         .reload = true,
         .doc = "How long a repeated message id is recognised. Not shorter than the outbox."});
  const auto raw = [](Settings& c, const std::string& name) -> Millis& { return c.ingest.raw_retention[name]; };
  s.add("retention.raw_events.default",
        {.fallback = "400d", .min = kDay, .roles = kLake, .doc = "Raw events of sources not named here."},
        [](Settings& c, const std::string&) -> Millis& { return c.ingest.raw_retention["default"]; });
  s.add("retention.raw_events.sumsub",
        {.fallback = "90d", .min = kDay, .roles = kLake, .doc = "Raw events of identity checks."},
        [](Settings& c, const std::string&) -> Millis& { return c.ingest.raw_retention["sumsub"]; });
  s.add("retention.raw_events.*",
        {.min = kDay, .roles = kLake, .doc = "Raw events of the source of that name.", .example = "30d"}, raw);
}

void add_lake(Keys& keys) {
  Section<Ingest> s(keys, "ingest", kLake, [](Settings& c, const std::string&) -> Ingest& { return c.ingest; });
  s.key("lake", &Ingest::lake,
        {.fallback = "chdb:lake",
         .words = {"chdb", "http", "https", "none"},
         .doc = "The raw event log: embedded (chdb), a ClickHouse server (several addresses with commas), or none.",
         .example = "http://vf@clickhouse.internal:8123/vf"});
}

void add_clickhouse(Keys& keys) {
  using ClickHouse = lake::clickhouse::ClickHouseParams;
  Section<ClickHouse> s(keys, "ingest", kLake,
                        [](Settings& c, const std::string&) -> ClickHouse& { return c.ingest.clickhouse; });
  s.key<Secret>("lake_password", &ClickHouse::password,
                {.doc = "Password of the lake's user on a ClickHouse server.", .example = "file:lake-password"});
  s.key("lake_cluster", &ClickHouse::cluster,
        {.fallback_doc = "none: one server",
         .doc = "The cluster of the lake's replicas, as in the server's remote_servers; it has a single shard.",
         .example = "vf"});
  s.key<FileText>("lake_ca", &ClickHouse::ca_pem,
                  {.fallback_doc = "the system's",
                   .check = check_certificates,
                   .doc = "Certificates, PEM, that an https lake is trusted by.",
                   .example = "file:lake-ca.pem"});
  s.key("lake_compression", &ClickHouse::compression,
        {.fallback = "zstd", .doc = "How rows are compressed on their way to a ClickHouse server."});
  s.key(
      "lake_timeout", &ClickHouse::timeout,
      {.fallback = "1m", .min = kSecond, .max = kHour, .doc = "How long a statement on a ClickHouse server may take."});
}

void add_admin(Keys& keys) {
  Section<Admin> s(keys, "admin", kEveryRole, [](Settings& c, const std::string&) -> Admin& { return c.admin; });
  s.key("listen", &Admin::listen,
        {.fallback = "127.0.0.1:8081", .doc = "Status page, admin API, /metrics, /healthz, /readyz."});
  s.key("url", &Admin::url,
        {.fallback_doc = "http:// and admin.listen",
         .check = check_reachable,
         .roles = only(Role::client),
         .doc = "Where client commands find the admin API of a running hub.",
         .example = "https://hub.internal"});
  s.key(
      "token", &Admin::token,
      {.fallback = "file:admin-token",
       .generate = generate_token,
       .default_file_optional = true,
       .roles = kListeners | only(Role::client),
       .reload = true,
       .doc = "Bearer token for operators: may read, operate and reveal. Client commands send it. The audit log calls "
              "it admin."});
  s.key("read_token", &Admin::read_token,
        {.roles = kListeners,
         .reload = true,
         .doc = "Bearer token for those who may only read. The audit log calls it reader.",
         .example = "file:admin-read-token"});
  Section<AdminToken> t(keys, "admin.tokens.*", kListeners,
                        [](Settings& c, const std::string& name) -> AdminToken& { return c.admin.tokens[name]; });
  t.takes_effect_at_reload();
  t.key("token", &AdminToken::token,
        {.required = true,
         .doc = "A further bearer token. The audit log calls it by the name of its section.",
         .example = "file:ops-token"});
  t.key("may", &AdminToken::may,
        {.required = true,
         .doc = "What the token allows, and nothing else: read; operate (modes, dead letters, jobs); reveal (bodies of "
                "sensitive sources); erase (persons).",
         .example = "[read, operate]"});
}

void add_environment_listeners(Keys& keys) {
  Section<http::ServerParams> s(
      keys, "environments.*", kReceivers,
      [](Settings& c, const std::string& name) -> http::ServerParams& { return c.environments[name].listener; });
  s.key<Listen>(
      "listen", &http::ServerParams::listen,
      {.required = true, .doc = "/internal/events, where the environment receives.", .example = "127.0.0.1:8082"});
  s.key<Size>("max_body", &http::ServerParams::body_bytes_max,
              {.fallback = "8MiB", .min = kKiB, .max = 256 * kMiB, .doc = "A longer batch is answered 413."});
  s.key("idle_timeout", &http::ServerParams::idle_timeout,
        {.fallback = "75s",
         .min = kSecond,
         .max = kHour,
         .doc = "A kept connection is closed after this long without a request. Longer than the timeout of a load "
                "balancer before it."});
}

void add_environments(Keys& keys) {
  Section<Environment> s(keys, "environments.*", kReceivers | only(Role::worker),
                         [](Settings& c, const std::string& name) -> Environment& { return c.environments[name]; });
  s.key("store", &Environment::store,
        {.fallback = "sqlite:*.db",
         .words = {"sqlite", "postgresql"},
         .roles = kReceivers | only(Role::worker, Role::migrate_env),
         .doc = "The environment's own tables, in a database of its own.",
         .example = "postgresql://vfapp@db.internal/stage"});
  s.key(
      "migrate_store", &Environment::migrate_store,
      {.fallback_doc = "as store",
       .words = {"postgresql"},
       .roles = only(Role::migrate_env),
       .doc = "The address of the store for `vf migrate env`: with a role that may change the schema, and direct where "
              "store goes through PgBouncer.",
       .example = "postgresql://vfmigrator@db.internal/stage"});
  s.key("secrets", &Environment::secrets,
        {.fallback = "[file:*.secret]",
         .generate = crypto::make_webhook_secret,
         .check = check_webhook_secret,
         .roles = kReceivers,
         .reload = true,
         .doc = "whsec_…; every one is accepted."});
  add_start_and_end(s, kReceivers | only(Role::worker), kReceivers);
  s.key("retention.processed_events", &Environment::processed_retention,
        {.fallback = "30d",
         .min = kDay,
         .roles = kMaintainers,
         .reload = true,
         .doc = "How long a repeated event id is recognised, counted from receipt."});
  s.key("retention.quarantined_events", &Environment::quarantined_retention,
        {.fallback = "90d",
         .min = kDay,
         .roles = kMaintainers,
         .reload = true,
         .doc = "How long quarantined events wait for another attempt, counted from receipt."});
}

void add_sim(Keys& keys) {
  Section<Sim> s(keys, "sim", only(Role::up), [](Settings& c, const std::string&) -> Sim& { return c.sim; });
  s.key("listen", &Sim::listen,
        {.fallback = "127.0.0.1:8090",
         .doc = "The API of the fake providers of `vf up --sim`, like all of this section; `vf sim` has options of its "
                "own."});
  s.key("rate", &Sim::events_per_second,
        {.fallback = "20", .max = 1'000'000, .doc = "Events per second; 0: as fast as possible."});
  s.key("seed", &Sim::seed, {.fallback = "1", .doc = "The same seed gives the same events."});
  s.key("channels", &Sim::channels,
        {.fallback = "12", .min = 1, .max = 100'000, .doc = "Channels that go live, chat and gift."});
}

Keys build() {
  Keys keys;
  add_process(keys);
  add_webhooks(keys);
  add_ingest(keys);
  add_lake(keys);
  add_clickhouse(keys);
  add_admin(keys);
  add_sources(keys);
  add_targets(keys);
  add_environment_listeners(keys);
  add_environments(keys);
  add_sim(keys);
  return keys;
}

std::vector<config::NamedSections> named_sections() {
  return {{.parent = "sources",
           .count_max = kSourcesMax,
           .reserved = {{std::string(lake::kDefaultClass), "it sets the retention of sources not named"},
                        {"x", "it is the provider X, which this version does not poll (remove the section)"}}},
          {.parent = "targets",
           .count_max = kTargetsMax,
           .reserved = {{std::string(store::kRawLog), "it is the raw log's consumer of the outbox"}}},
          {.parent = "environments", .count_max = kEnvironmentsMax},
          {.parent = "admin.tokens",
           .count_max = kTokensMax,
           .reload = true,
           .reserved = {{std::string(kOperatorToken), "the audit log calls admin.token so"},
                        {std::string(kReaderToken), "the audit log calls admin.read_token so"}}}};
}

}  // namespace

const config::Table& table() {
  static const config::Table table({.keys = build(),
                                    .named = named_sections(),
                                    .renamed = {{.from = "ingest.patience", .to = "ingest.answer_timeout"}},
                                    .roles = {kRoleNames.begin(), kRoleNames.end()},
                                    .hints = {.unknown_key = "'vf config keys' lists all",
                                              .set_example = "admin.listen=127.0.0.1:9001",
                                              .generated_file = "the first start of 'vf up' creates it",
                                              .too_many = "remove some, or run another hub for them"}});
  return table;
}

}  // namespace vf::settings
