#include "store/postgres/pool.h"

#include <fmt/format.h>

namespace vf::store::postgres {

Pool::Pool(const ConnectionParams& connection, size_t connections) {
  connections_.reserve(connections);
  for (size_t i = 0; i < connections; ++i)
    free_.push_back(&connections_.emplace_back(Connection::unopened(connection)));
}

Result<Pool::Lease> Pool::lease(Millis timeout) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_for(lock, timeout, [this] { return !free_.empty(); })) {
    return unavailable(fmt::format("all {} connections to PostgreSQL stayed in use for {} ms: the server is slow",
                                   connections_.size(), timeout.count()));
  }
  Connection* db = free_.back();
  free_.pop_back();
  return Lease(this, db);
}

void Pool::give_back(Connection* db) {
  const std::lock_guard lock(mutex_);
  free_.push_back(db);
  returned_.notify_one();
}

}  // namespace vf::store::postgres
