// The outbox on PostgreSQL: the shared database, used by several processes at a time, directly or through PgBouncer.
// Schema: sql/dm/postgres; the reasons: docs/adr/0004-postgresql.md. Thread safe, including write().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/outbox_store.h"

namespace vf::store::postgres {

struct OutboxParams {
  std::string url;              // as ConnectionParams::url
  std::string role = "ingest";  // for the connections' application_name
  size_t readers = 4;           // connections for reads
  size_t writers = 2;           // one batch is collected while another is committed
  bool server_time = true;      // events are stamped by the server's clock, and write() ignores its `now`
  bool whole_days =
      true;  // retention drops whole days of the outbox; false: it deletes single rows, which leaves bloat
  Millis check_every = std::chrono::hours{1};  // how often a reader checks for rows hidden by a clock correction
};

/// Errors: `conflict`, naming `vf migrate dm`, when migrations are pending or the database came from another cluster;
/// `unavailable` when it cannot be reached.
Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params);

/// Names of the pending migrations, and "era N" when that era is to be opened. Changes nothing.
Result<std::vector<std::string>> pending_outbox(const std::string& url);

/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_outbox(const std::string& url);

/// Migrates, opens the next era if needed, adds partitions, grants vfapp its rights. As vfmigrator, on a direct
/// connection. Returns the names of the migrations and the era; empty when nothing was pending.
Result<std::vector<std::string>> migrate_outbox(const std::string& url);

}  // namespace vf::store::postgres
