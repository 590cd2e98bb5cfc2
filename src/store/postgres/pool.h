// Pool: a bounded number of connections, each opened at its first use. lease() waits until a connection is free; the
// connection belongs to the calling thread until the Lease is destroyed. Thread safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

class Pool {
 public:
  class Lease {
   public:
    Lease(Pool* pool, Connection* db) : pool_(pool), db_(db) {}
    Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), db_(other.db_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(db_);
    }
    Connection* operator->() const { return db_; }
    Connection& operator*() const { return *db_; }

   private:
    Pool* pool_;
    Connection* db_;
  };

  Pool(const ConnectionParams& connection, size_t connections);

  /// Leases a connection. Error `unavailable`: all connections stayed in use for `timeout`.
  Result<Lease> lease(Millis timeout = Millis{5000});

 private:
  void give_back(Connection* db);

  std::vector<Connection> connections_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection*> free_;  // the last one returned is leased first
};

}  // namespace vf::store::postgres
