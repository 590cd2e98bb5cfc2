#include "store/sqlite/read_pool.h"

namespace vf::store::sqlite {

ReadPool::ReadPool(std::vector<Connection> connections) : connections_(std::move(connections)) {
  for (Connection& db : connections_) free_.push_back(&db);
}

ReadPool::Lease ReadPool::lease() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  Connection* db = free_.back();
  free_.pop_back();
  return {this, db};
}

void ReadPool::give_back(Connection* db) {
  const std::lock_guard lock(mutex_);
  free_.push_back(db);
  returned_.notify_one();
}

}  // namespace vf::store::sqlite
