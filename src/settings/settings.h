// Settings: the configuration of a process, resolved and checked, as plain structs. Only load() (load.h) fills them, by
// the table of keys (table.cc), which also has every default. Values that any thread may copy and read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/rights.h"
#include "base/address.h"
#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "config/key.h"
#include "config/values.h"
#include "crypto/digest.h"
#include "fanout/target.h"
#include "fanout/tuning.h"
#include "http/server.h"
#include "lake/clickhouse/clickhouse_raw_log.h"
#include "obs/log.h"
#include "settings/store_url.h"

namespace vf::settings {

using config::FileText;
using config::Listen;
using config::Secret;
using config::Size;

enum class SourceMode { live, dry_run, off };

struct Log {
  obs::Format format{};
  obs::Level level{};
};

struct Ingest {
  http::ServerParams webhooks;          // the public listener; threads: 0 means one per core
  StoreUrl store, migrate_store, lake;  // migrate_store: of kind none, `store` is used
  bool lake_named = false;  // the operator wrote ingest.lake; false: it is the default, whose library may be missing
  lake::clickhouse::ClickHouseParams clickhouse;  // of `lake`, without url and retention
  Millis answer_timeout{};
  Millis wait_for_stores{}, drain_delay{};
  concurrency::BatchQueueParams queue;
  Millis outbox_retention{}, ledger_retention{};
  std::map<std::string, Millis> raw_retention;  // by source name, and "default" for the other sources
};

struct AdminToken {
  Secret token;
  std::vector<api::Right> may;
};

struct Admin {
  Listen listen;
  Address url;                               // where client commands reach the admin API; empty: http://<listen>
  Secret token, read_token;                  // short for rows of `tokens`
  std::map<std::string, AdminToken> tokens;  // by the name that the audit log shows
};
/// The names under which the audit log shows admin.token and admin.read_token.
inline constexpr std::string_view kOperatorToken = "admin", kReaderToken = "reader";

struct KickSource {
  SourceMode mode{};
  std::vector<FileText> public_keys;  // PEM; empty: use Kick's published key
  Address api_base;
  std::optional<Millis> max_age;  // of a delivery; nullopt: no delivery is too old
};

struct SumsubSource {
  SourceMode mode{};
  std::vector<Secret> webhook_secrets;
  std::vector<crypto::Hash> algorithms;
};

struct GenericSource {
  SourceMode mode{};
  std::string scheme;
  std::vector<Secret> secrets;
  std::optional<Millis> max_age;               // of a delivery; nullopt: none is too old, or its time is not signed
  std::optional<Millis> replay_guard;          // equal bodies within this span are one event; nullopt: they are not
  std::map<std::string, std::string> options;  // how a delivery is read: header, template, id, type, …
};

struct Sources {
  std::optional<KickSource> kick;
  std::optional<SumsubSource> sumsub;
  std::map<std::string, GenericSource> generic;
};

struct Target {
  fanout::Target target;
  fanout::Tuning tuning;
};

struct Environment {
  http::ServerParams listener;
  StoreUrl store, migrate_store;  // migrate_store: of kind none, `store` is used
  std::vector<Secret> secrets;
  Millis wait_for_stores{}, drain_delay{};
  Millis processed_retention{}, quarantined_retention{};
};

struct Sim {
  Listen listen;
  int64_t events_per_second = 0, seed = 0, channels = 0;
};

struct Settings : config::Root {
  std::filesystem::path data_dir;  // absolute
  Log log;
  Ingest ingest;
  Admin admin;
  Sources sources;
  std::map<std::string, Target> targets;
  std::map<std::string, Environment> environments;
  Sim sim;
};

/// Returns the URL by which client commands reach the admin API: admin.url if set, otherwise admin.listen, with the
/// loopback address when the API listens on all addresses.
Address admin_url(const Admin& admin);

}  // namespace vf::settings
