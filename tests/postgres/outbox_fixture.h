// Shared by the tests of the outbox on PostgreSQL: a fixture with a migrated database and a store on it, and functions
// that make numbered events and read their numbers. Scope: tests. Oracle: the numbers of the events that the test
// wrote.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "postgres/server.h"
#include "store/postgres/connection.h"
#include "store/postgres/outbox/outbox.h"

namespace vf::postgres_test {

using store::AddEvent;
using store::OutboxStore;
using store::Write;
using store::WriteResult;
using store::postgres::Connection;
using store::postgres::OutboxParams;
using store::postgres::Values;

/// 2026-09-21 14:13:20.123Z: a Monday.
inline constexpr Instant kStart{Millis{1'790'000'000'123}};

inline Uuid id_at(Instant time, uint64_t n) {
  const std::string ms = fmt::format("{:012x}", unix_millis(time));
  return *Uuid::parse(fmt::format("{}-{}-8000-8000-{:012x}", ms.substr(0, 8), ms.substr(8), n));
}

inline AddEvent adding(uint64_t n, Instant id_time = kStart) {
  AddEvent add;
  add.event.id = id_at(id_time, n);
  add.event.source = "kick";
  add.event.type = "kick.chat.message.sent";
  add.event.subject = fmt::format("channel/{}", n % 7);
  add.event.time = id_time;
  add.event.message_id = std::to_string(n);
  add.event.is_json = true;
  add.event.body = fmt::format(R"({{"n":{}}})", n);
  add.event.headers = "{}";
  return add;
}

inline uint64_t number_of(const store::OutboxRow& row) { return std::stoull(row.event.message_id); }

inline Connection connect(const std::string& url) {
  auto connection = Connection::open({.url = url, .role = "test"});
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

inline void run(Connection& db, const std::string& sql) {
  const auto done = db.run(sql);
  EXPECT_TRUE(done) << sql << ": " << done.error().message;
}

inline int64_t integer(Connection& db, const std::string& sql) {
  const auto rows = db.query(sql);
  EXPECT_TRUE(rows && !rows->empty()) << sql << ": " << (rows ? "no row" : rows.error().message);
  return rows && !rows->empty() ? rows->integer_at(0, 0) : -1;
}

/// Creates a database on `server` with the schema of the shared database. Returns its URL.
inline std::string migrated_database(Server& server) {
  const std::string url = server.fresh_database();
  const auto migrated = store::postgres::migrate_outbox(url);
  EXPECT_TRUE(migrated) << migrated.error().message;
  return url;
}

inline std::unique_ptr<OutboxStore> open_store(const OutboxParams& params) {
  auto store = store::postgres::open_outbox(params);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

/// A fixture: a store on a new database. The store takes the time from the test (`now_`), not from the server.
class OutboxOnPostgres : public testing::Test {
 protected:
  std::vector<WriteResult> write(const std::vector<Write>& writes) {
    auto results = store_->write(writes, now_, nullptr);
    EXPECT_TRUE(results) << results.error().message;
    return results ? std::move(*results) : std::vector<WriteResult>{};
  }
  void add(uint64_t first, uint64_t last) {
    std::vector<Write> writes;
    for (uint64_t n = first; n <= last; ++n) writes.push_back(adding(n, now_));
    write(writes);
  }
  std::vector<uint64_t> numbers_after(Position after) {
    std::vector<uint64_t> numbers;
    const auto rows = store_->read_after({.after = after, .rows_max = 100'000});
    EXPECT_TRUE(rows) << rows.error().message;
    if (!rows) return numbers;
    for (const auto& row : *rows) numbers.push_back(number_of(row));
    return numbers;
  }

  Server& server_ = Server::shared();
  std::string url_ = migrated_database(server_);
  OutboxParams params_{.url = url_, .role = "test", .server_time = false};
  std::unique_ptr<OutboxStore> store_ = open_store(params_);
  Connection db_ = connect(url_);
  Instant now_ = kStart;
};

}  // namespace vf::postgres_test
