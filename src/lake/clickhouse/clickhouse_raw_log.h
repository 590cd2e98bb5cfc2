// The raw log on a ClickHouse server, or on the replicas of a cluster of one shard, over HTTP. Thread safe: one session
// inserts, another reads, each under its own lock. Opening does not change the schema; `vf migrate lake` does.
// docs/adr/0005-clickhouse-http.md says what was tested against which server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lake/clickhouse/compression.h"
#include "lake/raw_log.h"
#include "lake/retention.h"

namespace vf::lake::clickhouse {

struct ClickHouseParams {
  std::string url;       // http(s)://user@host:8123,host:8123/vf
  std::string password;  // empty: no password is sent
  std::string cluster;   // as in the server's remote_servers; empty: one server, with any number of addresses
  std::string ca_pem;    // certificate authorities for https; empty: the system's
  Compression compression = Compression::zstd;
  Millis timeout{60'000};  // for one statement
  RetentionPolicy retention;
};

/// Opens the log, also while the server is away or does not answer for 2 s: each call of the log then returns
/// unavailable until the server is back. Error `invalid`: the URL is malformed. Error `conflict`: the server is too
/// old, or its schema or TTL is not the one that this program needs; the message says what to do (`vf migrate lake`).
Result<std::unique_ptr<RawLog>> open_clickhouse(const ClickHouseParams& params);

/// Returns the names of the changes that migrate() would make ("0001_raw_events", "retention"), without making them.
/// Error `invalid`: the URL is malformed. Error `conflict`: an applied migration was changed since, or a newer vf
/// applied one that this version cannot run with. Error `unavailable`: the server is away or refuses the user.
Result<std::vector<std::string>> pending(const ClickHouseParams& params);

/// Returns the names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer(const ClickHouseParams& params);

/// Applies pending migrations and sets the TTL. Returns the names of the changes. Only one process may call it at a
/// time.
Result<std::vector<std::string>> migrate(const ClickHouseParams& params, const Clock& clock);

}  // namespace vf::lake::clickhouse
