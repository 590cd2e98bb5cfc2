// OutboxStore::write() as a transaction on PostgreSQL. The transaction is repeated after a deadlock; if it fails
// because an event cannot be stored, that event is found by bisection. A function on a connection; no state.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"
#include "store/postgres/outbox/transaction_writer.h"

namespace vf::store::postgres {

/// Does what OutboxStore::write() describes. It writes the events first, then the other writes in their order.
Result<std::vector<WriteResult>> commit_writes(Connection& db, std::span<const Write> writes,
                                               const TransactionWriter::Params& params, size_t* failed_index);

}  // namespace vf::store::postgres
