// The table of configuration keys. A row here is all that a new key needs, beside its member in config.h;
// then `vf config keys --markdown > docs/configuration.md`.
#include "config/table.h"

#include "config/section.h"
#include "crypto/standard_webhooks.h"

namespace vf::config {

template <>
std::vector<std::string> words_of<Compression>() {
  return {"zstd", "gzip", "none"};
}
template <>
std::vector<std::string> words_of<TargetMode>() {
  return {"live", "dry-run", "paused"};
}
template <>
std::vector<std::string> words_of<SandboxRule>() {
  return {"exclude", "include", "only"};
}
template <>
std::vector<std::string> words_of<DeliveryForm>() {
  return {"batch", "single"};
}
template <>
std::vector<std::string> words_of<StartAt>() {
  return {"now", "earliest"};
}
template <>
std::vector<std::string> words_of<LogFormat>() {
  return {"human", "json"};
}
template <>
std::vector<std::string> words_of<LogLevel>() {
  return {"debug", "info", "warn", "error"};
}

namespace {

Complaint webhook_secret(std::string_view text) {
  const auto key = crypto::decode_webhook_secret(text);
  return key ? std::nullopt : Complaint(key.error().message);
}

void add_process(std::vector<Key>& keys) {
  Section<Config> top(keys, "", kEveryRole, [](Config& c, const std::string&) -> Config& { return c; });
  top.key(
      "data_dir", &Config::data_dir,
      {.fallback = "./vf-data",
       .doc = "Where stores and secrets are kept. Relative paths of other keys are under it; it is itself under the "
              "working directory.",
       .example = "/var/lib/vf"});
  Section<Log> log(keys, "log", kEveryRole, [](Config& c, const std::string&) -> Log& { return c.log; });
  log.key("format", &Log::format,
          {.fallback = "human", .doc = "Lines on stderr for people, or one JSON object a line."});
  log.key("level", &Log::level, {.fallback = "info", .doc = "The least important lines that are written."});
}

void add_ingest(std::vector<Key>& keys) {
  Section<Ingest> s(keys, "ingest", kHub, [](Config& c, const std::string&) -> Ingest& { return c.ingest; });
  s.key("listen", &Ingest::listen,
        {.fallback = "127.0.0.1:8080", .doc = "The public listener: webhooks, nothing else."});
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
       .doc = "How `vf migrate dm` reaches the shared store: as a role that may change its schema, and directly where "
              "ingest.store goes through PgBouncer.",
       .example = "postgresql://vfmigrator@db.internal/dm"});
  s.key("max_body", &Ingest::max_body,
        {.fallback = "1MiB",
         .min = kKiB,
         .max = 64 * kMiB,
         .doc = "A longer webhook is answered 413 before it is read."});
  s.key("patience", &Ingest::patience,
        {.fallback = "4s",
         .min = 100,
         .max = kMinute,
         .doc = "How long a provider waits for the commit before it is answered 503. Keep it under the providers' own "
                "limit (Sumsub: 5s)."});
  s.key("request_timeout", &Ingest::request_timeout,
        {.fallback = "30s",
         .min = kSecond,
         .max = 10 * kMinute,
         .doc = "A request not complete within it is answered 408."});
  s.key("queue", &Ingest::queue_events_max,
        {.fallback = "10000", .min = 1, .max = 1'000'000, .doc = "Events that may wait for a commit; beyond, 503."});
  s.key("threads", &Ingest::threads,
        {.fallback = "0", .max = 256, .doc = "Network threads, which also prove signatures; 0: one a core."});
  s.key("connections", &Ingest::connections_max,
        {.fallback = "4096",
         .min = 1,
         .max = 1'000'000,
         .doc = "Open connections; beyond, the longest idle one is closed, or 503."});
  s.key("retention.outbox", &Ingest::outbox_retention,
        {.fallback = "7d",
         .min = kHour,
         .doc = "Bodies in the outbox, counted from receipt. Rows that a target still waits for stay."});
  s.key("retention.ledger", &Ingest::ledger_retention,
        {.fallback = "30d",
         .min = 2 * kDay,
         .doc = "How long a repeated message id is recognised. Not shorter than the outbox."});
  const auto raw = [](Config& c, const std::string& name) -> Millis& { return c.ingest.raw_retention[name]; };
  s.add<Millis>("retention.raw_events.default",
                {.fallback = "400d", .min = kDay, .roles = kLake, .doc = "Raw events of sources not named here."},
                [](Config& c, const std::string&) -> Millis& { return c.ingest.raw_retention["default"]; });
  s.add<Millis>("retention.raw_events.sumsub",
                {.fallback = "90d", .min = kDay, .roles = kLake, .doc = "Raw events of identity checks."},
                [](Config& c, const std::string&) -> Millis& { return c.ingest.raw_retention["sumsub"]; });
  s.add<Millis>("retention.raw_events.*",
                {.min = kDay, .roles = kLake, .doc = "Raw events of the source of that name.", .example = "30d"}, raw);
}

void add_lake(std::vector<Key>& keys) {
  Section<Ingest> s(keys, "ingest", kLake, [](Config& c, const std::string&) -> Ingest& { return c.ingest; });
  s.key("lake", &Ingest::lake,
        {.fallback = "chdb:lake",
         .words = {"chdb", "http", "https", "none"},
         .doc = "The raw event log: embedded (chdb), a ClickHouse server (several addresses with commas), or none.",
         .example = "http://vf@clickhouse.internal:8123/vf"});
  s.key("lake_password", &Ingest::lake_password,
        {.doc = "Password of the lake's user on a ClickHouse server.", .example = "file:lake-password"});
  s.key("lake_cluster", &Ingest::lake_cluster,
        {.fallback_doc = "none: one server",
         .doc = "The cluster, as in the server's remote_servers, that holds the lake's replicas; of a single shard.",
         .example = "vf"});
  s.key("lake_ca", &Ingest::lake_ca,
        {.fallback_doc = "the system's",
         .doc = "Certificates, PEM, that an https lake is trusted by.",
         .example = "file:lake-ca.pem"});
  s.key("lake_compression", &Ingest::lake_compression,
        {.fallback = "zstd", .doc = "How rows are packed on their way to a ClickHouse server."});
  s.key(
      "lake_timeout", &Ingest::lake_timeout,
      {.fallback = "1m", .min = kSecond, .max = kHour, .doc = "How long a statement on a ClickHouse server may take."});
}

void add_admin(std::vector<Key>& keys) {
  Section<Admin> s(keys, "admin", kEveryRole, [](Config& c, const std::string&) -> Admin& { return c.admin; });
  s.key("listen", &Admin::listen,
        {.fallback = "127.0.0.1:8081", .doc = "Status page, admin API, /metrics, /healthz, /readyz."});
  s.key("url", &Admin::url,
        {.fallback_doc = "http:// and admin.listen",
         .roles = only(Role::client),
         .doc = "Where client commands find the admin API of a running hub.",
         .example = "https://hub.internal"});
  s.key("token", &Admin::token,
        {.fallback = "file:admin-token",
         .generate = Generate::token,
         .default_file_optional = true,
         .roles = kHub | only(Role::client),
         .doc = "Bearer token of those who may operate. Without one the admin API is closed."});
  s.key("read_token", &Admin::read_token,
        {.roles = kHub, .doc = "Bearer token of those who may only look.", .example = "file:admin-read-token"});
}

void add_target_filters(Section<Target>& s) {
  s.key("mode", &Target::mode,
        {.fallback = "live", .doc = "live; dry-run: passed over, neither sent later; paused: the backlog is kept."});
  s.key("sources", &Target::sources,
        {.fallback_doc = "all", .doc = "Only events of these sources.", .example = "[kick, sumsub]"});
  s.key(
      "types", &Target::types,
      {.fallback_doc = "all", .doc = "Only events of these types; * stands for any text.", .example = "[\"kick.*\"]"});
  s.key("sandbox", &Target::sandbox,
        {.fallback = "exclude", .doc = "A provider's test events, such as Sumsub's sandbox."});
  s.key("start", &Target::start,
        {.fallback = "now", .doc = "Where a new target begins: now, or at the earliest event kept."});
  s.key("max_backlog", &Target::max_backlog,
        {.fallback = "30d",
         .min = kMinute,
         .doc = "A target further behind is detached, with an alarm: it gets nothing older any more."});
}

void add_targets(std::vector<Key>& keys) {
  Section<Target> s(keys, "targets.*", kHub,
                    [](Config& c, const std::string& name) -> Target& { return c.targets[name]; });
  s.key("url", &Target::url,
        {.required = true, .doc = "Where events are sent.", .example = "http://127.0.0.1:8082/internal/events"});
  s.key("secret", &Target::secrets,
        {.fallback = "file:*.secret",
         .generate = Generate::webhook_secret,
         .check = webhook_secret,
         .doc = "whsec_…; a list while one rotates: each signs."});
  add_target_filters(s);
  s.key("delivery", &Target::delivery,
        {.fallback = "batch", .doc = "single: one event a request, for foreign receivers."});
  s.key("allow_private", &Target::allow_private,
        {.fallback = "false", .doc = "Allow private addresses. Loopback is always allowed."});
  s.key("batch_events", &Target::batch_events,
        {.fallback = "500",
         .min = 1,
         .max = 5'000,
         .doc = "Events a request, at most; a receiver takes no more than 5,000."});
  s.key("batch_bytes", &Target::batch_bytes,
        {.fallback = "1MiB",
         .min = kKiB,
         .max = 64 * kMiB,
         .doc = "Bytes a request, about; one larger event still goes alone."});
  s.key("window", &Target::window, {.fallback = "4", .min = 1, .max = 256, .doc = "Requests in flight at once."});
  s.key("connect_timeout", &Target::connect_timeout,
        {.fallback = "5s", .min = 100, .max = kMinute, .doc = "For a connection."});
  s.key("timeout", &Target::timeout,
        {.fallback = "15s", .min = 100, .max = 10 * kMinute, .doc = "For a whole request."});
  s.key("retry.first", &Target::retry_first,
        {.fallback = "500ms",
         .min = 10,
         .max = kHour,
         .doc = "The first pause after a failure; it doubles, with jitter."});
  s.key("retry.longest", &Target::retry_longest,
        {.fallback = "1m",
         .min = 10,
         .max = kDay,
         .doc = "The longest pause of our own; a target's Retry-After may ask for more, up to an hour."});
  s.key("retry.attempts", &Target::attempts_max,
        {.fallback = "20",
         .min = 1,
         .max = 1'000,
         .doc = "delivery: single: attempts at one event before it is a dead letter."});
}

void add_environments(std::vector<Key>& keys) {
  Section<Environment> s(keys, "environments.*", kReceivers | only(Role::worker),
                         [](Config& c, const std::string& name) -> Environment& { return c.environments[name]; });
  s.key("listen", &Environment::listen,
        {.required = true,
         .roles = kReceivers,
         .doc = "/internal/events, where the environment receives.",
         .example = "127.0.0.1:8082"});
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
       .doc = "How `vf migrate env` reaches the store: as a role that may change its schema, and directly where store "
              "goes through PgBouncer.",
       .example = "postgresql://vfmigrator@db.internal/stage"});
  s.key("secrets", &Environment::secrets,
        {.fallback = "[file:*.secret]",
         .generate = Generate::webhook_secret,
         .check = webhook_secret,
         .roles = kReceivers,
         .doc = "whsec_…; every one is accepted."});
  s.key("max_body", &Environment::max_body,
        {.fallback = "8MiB",
         .min = kKiB,
         .max = 256 * kMiB,
         .roles = kReceivers,
         .doc = "A longer batch is answered 413."});
  s.key("retention.processed_events", &Environment::processed_retention,
        {.fallback = "30d",
         .min = kDay,
         .roles = kMaintainers,
         .doc = "How long a repeated event id is recognised, counted from receipt."});
  s.key("retention.quarantined_events", &Environment::quarantined_retention,
        {.fallback = "90d",
         .min = kDay,
         .roles = kMaintainers,
         .doc = "How long refused events wait to be tried again, counted from receipt."});
}

void add_sim(std::vector<Key>& keys) {
  Section<Sim> s(keys, "sim", only(Role::up), [](Config& c, const std::string&) -> Sim& { return c.sim; });
  s.key("listen", &Sim::listen,
        {.fallback = "127.0.0.1:8090",
         .doc = "The simulated providers' APIs, of `vf up --sim` as all of this section; `vf sim` takes options."});
  s.key("rate", &Sim::events_per_second,
        {.fallback = "20", .max = 1'000'000, .doc = "Events a second; 0: as fast as it goes."});
  s.key("seed", &Sim::seed, {.fallback = "1", .doc = "The same seed plays the same story."});
  s.key("channels", &Sim::channels,
        {.fallback = "12", .min = 1, .max = 100'000, .doc = "Channels that go live, chat and gift."});
}

std::vector<Key> build() {
  std::vector<Key> keys;
  add_process(keys);
  add_ingest(keys);
  add_lake(keys);
  add_admin(keys);
  add_sources(keys);
  add_targets(keys);
  add_environments(keys);
  add_sim(keys);
  return keys;
}

}  // namespace

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = build();
  return keys;
}

}  // namespace vf::config
