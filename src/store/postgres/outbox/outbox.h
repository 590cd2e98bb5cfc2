// The outbox on PostgreSQL: the shared database, by several processes at a time, PgBouncer between them or not.
// Schema: sql/dm/postgres; why: docs/adr/0004-postgresql.md. Thread safe, write() too.
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
  std::string role = "ingest";  // names the connections
  size_t readers = 4;           // connections for reads
  size_t writers = 2;           // one batch gathers while another is made durable
  bool server_time = true;      // the server's clock says when events are received, and write() ignores its `now`
  bool whole_days = true;       // retention drops days of the outbox; false: deletes single rows, which leaves bloat
  Millis proof_every = std::chrono::hours{1};  // how often reads look for what a correction of the clock may hide
};

/// Errors: `conflict`, naming `vf migrate dm`, when migrations are pending or the database came from another cluster;
/// `unavailable` when it cannot be reached.
Result<std::unique_ptr<OutboxStore>> open_outbox(const OutboxParams& params);

/// Names of the migrations that the database still lacks, and "era N" when that is to be opened. Changes nothing.
Result<std::vector<std::string>> pending_outbox(const std::string& url);

/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_outbox(const std::string& url);

/// Migrates, opens the next era where there is need, adds partitions, grants vfapp its rights. By vfmigrator, on a
/// direct connection. What was done; empty when nothing was.
Result<std::vector<std::string>> migrate_outbox(const std::string& url);

}  // namespace vf::store::postgres
