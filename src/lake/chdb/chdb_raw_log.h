// The raw log in a folder of this machine, held by chDB: the ClickHouse engine as a library in this process. A folder
// is open in one process at a time, and a process opens one folder. Thread safe: one connection inserts, another reads,
// each under its own lock.
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
  RetentionPolicy retention;                // is set as the table's TTL
  std::string library;                      // path of libchdb.so; empty: one of Library::candidates()
  std::vector<std::string> engine_options;  // "--name=value", appended to the built-in options: for benchmarks
};

/// Starts the engine, applies pending migrations and sets the TTL. Error `not_found`: the library is missing or too
/// old; the message says how to get it. Error `conflict`: another process uses the folder, or a newer vf applied a
/// migration that this version cannot run with. Error `unavailable`: the engine failed.
Result<std::unique_ptr<RawLog>> open_chdb(const ChdbParams& params, const Clock& clock);

/// Returns the names of the changes that open_chdb() would make in the schema ("0001_raw_events", "retention"), without
/// making them. Errors are those of open_chdb().
Result<std::vector<std::string>> pending(const ChdbParams& params);
/// Makes the changes that pending() names and closes the log again. Returns their names.
Result<std::vector<std::string>> migrate(const ChdbParams& params, const Clock& clock);
/// Returns the names of the migrations that a newer vf has applied. Errors are those of open_chdb().
Result<std::vector<std::string>> newer(const ChdbParams& params);

}  // namespace vf::lake::chdb
