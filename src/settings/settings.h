// Settings: what a process was configured with, as plain structs, resolved and checked. Filled by load() alone (load.h)
// from the table of keys (table.cc), which also has every default. Values: copied and read freely from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/key.h"
#include "config/values.h"
#include "crypto/digest.h"
#include "fanout/target.h"
#include "fanout/tuning.h"
#include "lake/clickhouse/compression.h"
#include "obs/log.h"
#include "settings/store_url.h"

namespace vf::settings {

using config::FileText;
using config::Listen;
using config::Secret;
using config::Size;
using config::Url;

enum class SourceMode { live, dry_run, off };

struct Log {
  obs::Format format{};
  obs::Level level{};
};

struct Ingest {
  Listen listen;
  StoreUrl store, migrate_store, lake;  // migrate_store: none: as store
  bool lake_named = false;              // by the operator; else it is the default, which may be missing
  Secret lake_password;
  std::string lake_cluster;
  FileText lake_ca;
  lake::clickhouse::Compression lake_compression{};
  Millis lake_timeout{};
  Size max_body;
  Millis answer_timeout{}, request_timeout{};
  int64_t queue_events_max = 0, threads = 0, connections_max = 0;
  Millis outbox_retention{}, ledger_retention{};
  std::map<std::string, Millis> raw_retention;  // "default" and sources by name
};

struct Admin {
  Listen listen;
  Url url;  // where client commands find it; empty: http://<listen>
  Secret token, read_token;
};

struct KickSource {
  SourceMode mode{};
  std::vector<FileText> public_keys;  // PEM; empty: Kick's published key
  Url api_base, auth_base;
  FileText client_id;
  Secret client_secret;
  std::optional<Millis> max_age;  // nullopt: never too old
  Millis viewer_poll_every{};
};

struct SumsubSource {
  SourceMode mode{};
  std::vector<Secret> webhook_secrets;
  std::vector<crypto::Hash> algorithms;
};

struct XSource {
  SourceMode mode{};
  Url api_base;
  Secret bearer_token;
  Millis follower_poll_every{};
};

struct GenericSource {
  SourceMode mode{};
  std::string scheme;
  std::vector<Secret> secrets;
  std::optional<Millis> max_age;               // nullopt: never too old, or no time is signed
  std::map<std::string, std::string> options;  // how a delivery is read: header, template, id, type, …
};

struct Sources {
  std::optional<KickSource> kick;
  std::optional<SumsubSource> sumsub;
  std::optional<XSource> x;
  std::map<std::string, GenericSource> generic;
};

struct Target {
  fanout::Target target;
  fanout::Tuning tuning;
};

struct Environment {
  Listen listen;
  StoreUrl store, migrate_store;  // migrate_store: none: as store
  std::vector<Secret> secrets;
  Size max_body;
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

/// Where client commands find the admin API: admin.url, else admin.listen, by loopback when it listens everywhere.
std::string admin_url(const Admin& admin);

}  // namespace vf::settings
