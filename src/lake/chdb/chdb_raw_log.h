// ChdbRawLog: the raw log in a folder of this machine, by chDB, the ClickHouse engine in process. One process a folder,
// one folder a process. Thread safe: a connection inserts, another reads, each under its own lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lake/raw_log.h"
#include "lake/retention.h"

namespace vf::lake::chdb {

struct ChdbParams {
  std::string path;                         // made if it is not there
  Retention retention;                      // becomes the table's TTL
  std::string library;                      // libchdb.so; empty: $VF_LIBCHDB, beside the program, the loader's path
  std::vector<std::string> engine_options;  // after our own, "--name=value": for benchmarks
};

/// Starts the engine, applies pending migrations, sets the TTL. Errors: not_found (no library; says how to get one),
/// conflict (another process uses the folder, or a newer vf migrated it to what this one cannot run with), unavailable.
Result<std::unique_ptr<RawLog>> open_chdb(const ChdbParams& params, const Clock& clock);

/// What opening would change in the schema, by name ("0001_raw_events", "retention"). Changes nothing there. Errors as
/// of open_chdb().
Result<std::vector<std::string>> pending(const ChdbParams& params);
/// Does it without keeping the log open; what it did, by name.
Result<std::vector<std::string>> migrate(const ChdbParams& params, const Clock& clock);
/// Names of the migrations that a newer vf has applied. Errors as of open_chdb().
Result<std::vector<std::string>> newer(const ChdbParams& params);

}  // namespace vf::lake::chdb
