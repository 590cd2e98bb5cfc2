// OutboxStore::write() as transactions of PostgreSQL: repeated after a deadlock, bisected to find the event that cannot
// be stored. Functions over a connection; no state.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"
#include "store/postgres/outbox/transaction_writer.h"

namespace vf::store::postgres {

/// As OutboxStore::write(). Events are written first, then the other writes in their order.
Result<std::vector<WriteResult>> commit_writes(Connection& db, std::span<const Write> writes,
                                               const TransactionWriter::Params& params, size_t* failed_index);

}  // namespace vf::store::postgres
