// Config: what a process was told, as plain structs, resolved and checked. Made by load() alone (config/load.h), from
// the one table of keys (table.cc), which also holds every default. Values: copied and read freely from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "crypto/digest.h"

namespace vf::config {

/// A resolved secret. Has no conversion and no operator<<, so that it cannot slip into a log.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

struct Listen {
  std::string address;  // "127.0.0.1:8080", "[::1]:0"
};
struct Url {
  std::string text;  // http:// or https://, without a slash at the end
};
/// Text that may be kept in a file but is no secret: a public key, a client id.
struct FileText {
  std::string text;
};
struct Size {
  int64_t bytes = 0;
};
struct StoreUrl {
  enum class Kind { none, sqlite, postgresql, chdb, clickhouse };
  Kind kind = Kind::none;
  std::string location;  // sqlite and chdb: an absolute path; else the whole URL, which may hold a password
};

enum class Compression { zstd, gzip, none };
enum class SourceMode { live, dry_run, off };
enum class TargetMode { live, dry_run, paused };
enum class SandboxRule { exclude, include, only };
enum class DeliveryForm { batch, single };
enum class StartAt { now, earliest };
enum class LogFormat { human, json };
enum class LogLevel { debug, info, warn, error };

struct Log {
  LogFormat format{};
  LogLevel level{};
};

struct Ingest {
  Listen listen;
  StoreUrl store, migrate_store, lake;  // migrate_store: none: as store
  bool lake_named = false;              // the operator asked for it; else it is the default, which may be missing
  Secret lake_password;
  std::string lake_cluster;
  FileText lake_ca;
  Compression lake_compression{};
  Millis lake_timeout{};
  Size max_body;
  Millis patience{}, request_timeout{};
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
  Url url;
  std::vector<Secret> secrets;  // whsec_…; several while one rotates
  TargetMode mode{};
  std::vector<std::string> sources, types;  // empty: all; a type may end in '*'
  SandboxRule sandbox{};
  DeliveryForm delivery{};
  StartAt start{};
  Millis max_backlog{};
  bool allow_private = false;
  int64_t batch_events = 0, window = 0, attempts_max = 0;
  Size batch_bytes;
  Millis connect_timeout{}, timeout{}, retry_first{}, retry_longest{};
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

/// How many a configuration may name. Each target costs a thread, a lease and a poll: thousands leave nothing for the
/// intake.
inline constexpr size_t kSourcesMax = 256, kTargetsMax = 256, kEnvironmentsMax = 64;

struct Config {
  std::filesystem::path data_dir;  // absolute
  Log log;
  Ingest ingest;
  Admin admin;
  Sources sources;
  std::map<std::string, Target> targets;
  std::map<std::string, Environment> environments;
  Sim sim;
};

}  // namespace vf::config
