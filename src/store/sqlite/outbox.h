// OutboxStore on SQLite: the file dm.db. One hub process opens it at a time; other programs may read it while the hub
// runs. Schema: sql/dm/sqlite. Thread safety as store/outbox_store.h says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/outbox_store.h"

namespace vf::store::sqlite {

struct OutboxParams {
  std::string path;
  Instant now;      // applied_at of the migrations
  int readers = 4;  // connections for reads
};

/// Opens or creates the database and applies pending migrations. Error `conflict`: another process has the database
/// open, or the database's schema does not fit this program. Error `unavailable`: the file cannot be used.
Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params);

/// Returns the names of the pending migrations of the database at `path`: all migrations if the file does not exist.
/// Changes nothing.
Result<std::vector<std::string>> pending_outbox(const std::string& path);

}  // namespace vf::store::sqlite
