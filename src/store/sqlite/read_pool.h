// ReadPool: a few connections that read, beside the connection that writes. lease() waits until a connection is free;
// the connection belongs to the calling thread until the Lease is destroyed. Thread safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

class ReadPool {
 public:
  class Lease {
   public:
    Lease(ReadPool* pool, Connection* db) : pool_(pool), db_(db) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_->give_back(db_); }
    Connection* operator->() const { return db_; }
    Connection& operator*() const { return *db_; }

   private:
    ReadPool* pool_;
    Connection* db_;
  };

  explicit ReadPool(std::vector<Connection> connections);
  Lease lease();

 private:
  void give_back(Connection* db);

  std::vector<Connection> connections_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection*> free_;
};

}  // namespace vf::store::sqlite
