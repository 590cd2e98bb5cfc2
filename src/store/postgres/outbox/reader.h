// OutboxReader: following the outbox on PostgreSQL. Transactions commit in another order than they are numbered: rows
// are given only below the horizon, the oldest transaction that still runs, under which nothing can appear any more.
// Thread safe.
#pragma once

#include "store/outbox_store.h"
#include "store/postgres/connection.h"
#include "store/postgres/outbox/read_trail.h"

namespace vf::store::postgres {

class OutboxReader {
 public:
  /// How often a reader looks for what its floor may have hidden.
  explicit OutboxReader(Millis proof_every) : proof_every_(proof_every) {}

  /// As OutboxStore::read_after(). Error `internal` when rows were hidden behind the reader: the server's clock went
  /// back by more than an hour.
  Result<std::vector<OutboxRow>> read(Connection& db, const ReadAfter& params);

 private:
  Result<std::vector<OutboxRow>> fetch(Connection& db, const ReadAfter& params, std::optional<Instant> floor);
  Result<void> check_nothing_behind(Connection& db, const ReadTrail::Place& place, Position end);

  const Millis proof_every_;
  ReadTrail trail_;
};

}  // namespace vf::store::postgres
