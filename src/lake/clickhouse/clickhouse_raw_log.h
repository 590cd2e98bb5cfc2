// ClickHouseRawLog: the raw log on a ClickHouse server, or on the replicas of a cluster of one shard, over HTTP. Thread
// safe: a session inserts, another reads, each under its own lock. Opening changes nothing there: `vf migrate lake`
// does. Which of it was tested against what: docs/adr/0005-clickhouse-http.md.
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
  std::string password;  // empty: none is sent
  std::string cluster;   // as in the server's remote_servers; empty: one server, whatever number of addresses it has
  std::string ca_pem;    // certificates that https is trusted by; empty: the system's
  Compression compression = Compression::zstd;
  Millis timeout{60'000};  // of a statement
  Retention retention;
};

/// A server that is away, or answers nothing for 2 s, is no error: each call then answers unavailable until it is back.
/// Errors: invalid (the URL), conflict (the schema or the TTL is not this program's; names `vf migrate lake`; or the
/// server is too old).
Result<std::unique_ptr<RawLog>> open_clickhouse(const ClickHouseParams& params);

/// What migrate() would do, by name ("0001_raw_events", "retention"). Changes nothing. Errors: invalid, conflict (a
/// migration was changed, or a newer vf applied one that this one cannot run with), unavailable.
Result<std::vector<std::string>> pending(const ClickHouseParams& params);

/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer(const ClickHouseParams& params);

/// Applies pending migrations and sets the TTL; what it did, by name. One process at a time.
Result<std::vector<std::string>> migrate(const ClickHouseParams& params, const Clock& clock);

}  // namespace vf::lake::clickhouse
