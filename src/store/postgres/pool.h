// Pool: a bounded number of connections for readers, opened when they are first needed. A lease is one thread's until
// it ends; who finds none free waits, but not for ever. Thread safe.
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

  /// Error `unavailable` when all stay in use for `patience`.
  Result<Lease> lease(Millis patience = Millis{5000});

 private:
  void give_back(Connection* db);

  std::vector<Connection> connections_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection*> free_;  // the one used last is used first
};

}  // namespace vf::store::postgres
