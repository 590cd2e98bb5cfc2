// The raw log in a folder of this machine, by chDB, the ClickHouse engine in process. One process a folder, one folder
// a process. Thread safe: one connection inserts, another reads, each under its own lock.
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
  std::string path;                         // created if it is missing
  RetentionPolicy retention;                // becomes the table's TTL
  std::string library;                      // libchdb.so; empty: $VF_LIBCHDB, beside the program, the loader's path
  std::vector<std::string> engine_options;  // after our own, "--name=value": for benchmarks
};

/// Starts the engine, applies pending migrations, sets the TTL. Errors: not_found (no library; says how to get one),
/// conflict (another process uses the folder, or a newer vf applied a migration that this version cannot run with),
/// unavailable.
Result<std::unique_ptr<RawLog>> open_chdb(const ChdbParams& params, const Clock& clock);

/// Names of the changes that opening would make in the schema ("0001_raw_events", "retention"). Makes none. Errors as
/// of open_chdb().
Result<std::vector<std::string>> pending(const ChdbParams& params);
/// Makes these changes without keeping the log open. Returns their names.
Result<std::vector<std::string>> migrate(const ChdbParams& params, const Clock& clock);
/// Names of the migrations that a newer vf has applied. Errors as of open_chdb().
Result<std::vector<std::string>> newer(const ChdbParams& params);

}  // namespace vf::lake::chdb
