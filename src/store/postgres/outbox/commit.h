// A call of OutboxStore::write() as transactions of PostgreSQL: repeated where the server chose it as a deadlock's
// victim, bisected to name the event that cannot be stored. Functions over a connection; no state.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"
#include "store/postgres/outbox/writer.h"

namespace vf::store::postgres {

/// As OutboxStore::write(). Events are written first, the others after them in their order.
Result<std::vector<WriteResult>> commit_writes(Connection& db, std::span<const Write> writes,
                                               const OutboxWriter::Params& params, size_t* failed_index);

}  // namespace vf::store::postgres
