// OutboxStore on PostgreSQL: several processes may use the shared database at a time, directly or through PgBouncer.
// The schema is in sql/dm/postgres, the reasons are in docs/adr/0004-postgresql.md. Thread safe, including write().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/outbox_store.h"

namespace vf::store::postgres {

struct OutboxParams {
  std::string url;              // in the form of ConnectionParams::url
  std::string role = "ingest";  // for the connections' application_name
  size_t readers = 4;           // connections for reads
  size_t writers = 2;           // connections for write(): one batch is collected while another is committed
  bool server_time = true;      // events are stamped by the server's clock, and write() ignores its `now`
  bool whole_days =
      true;  // retention drops the outbox's partitions of whole days; false: it deletes single rows, which leaves bloat
  Millis check_every = std::chrono::hours{1};  // how often a reader checks for rows hidden by a clock correction
};

/// Opens the store. Error `conflict`: migrations are pending or the database came from another cluster; the message
/// says to run `vf migrate dm`. Error `unavailable`: the server cannot be reached.
Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params);

/// Returns the names of the pending migrations, and "era N" if migrate_outbox() would open that era. Changes nothing.
Result<std::vector<std::string>> pending_outbox(const std::string& url);

/// Returns the names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_outbox(const std::string& url);

/// Applies the pending migrations, opens the next era if needed, adds partitions and grants vfapp its rights. It works
/// as vfmigrator; `url` must lead to the server directly. Returns the names of the migrations applied, and "era N" if
/// it opened an era; empty: nothing was pending.
Result<std::vector<std::string>> migrate_outbox(const std::string& url);

}  // namespace vf::store::postgres
