// Transactions, readers and the checkpointer of one database file.
#include "store/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

constexpr Migration kSchema[] = {
    {1, "0001_test", "aa", "CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB); CREATE TABLE _probe (filler BLOB);"}};

class SqliteDatabase : public testing::Test {
 protected:
  std::unique_ptr<Database> open(int readers, Checkpointer::Limits checkpoints = {}) {
    auto db = Database::open({.path = path_,
                              .migrations = kSchema,
                              .target = {.database = "test.db", .command = "vf migrate dm"},
                              .now = {},
                              .readers = readers,
                              .checkpoints = checkpoints});
    EXPECT_TRUE(db) << db.error().message;
    return db ? std::move(*db) : nullptr;
  }
  static Result<void> insert(Connection& db, int64_t bytes) {
    return db.query("INSERT INTO t (x) VALUES (randomblob(?))").integer(bytes).run();
  }
  static int64_t count(Database& db) {
    auto lease = db.read();
    Query query = lease->query("SELECT count(*) FROM t");
    EXPECT_TRUE(query.step());
    return query.integer_at(0);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("test.db");
};

TEST_F(SqliteDatabase, AMissingFolderIsNamed) {
  const auto db = Database::open({.path = folder_.file("absent/test.db"),
                                  .migrations = kSchema,
                                  .target = {.database = "test.db", .command = "vf migrate dm"},
                                  .now = {},
                                  .readers = 1,
                                  .checkpoints = {}});
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Code::unavailable);
  EXPECT_THAT(db.error().message, testing::HasSubstr(folder_.file("absent/test.db")));
  EXPECT_THAT(db.error().message, testing::HasSubstr("no folder " + folder_.file("absent") + ":"));
}

TEST_F(SqliteDatabase, ATransactionIsAtomic) {
  auto db = open(1);
  const auto refused = db->transaction([](Connection& connection) -> Result<void> {
    EXPECT_TRUE(insert(connection, 10));
    return conflict("fenced");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(count(*db), 0);
  ASSERT_TRUE(db->transaction([](Connection& connection) { return insert(connection, 10); }));
  EXPECT_EQ(count(*db), 1);
}

TEST_F(SqliteDatabase, AViolatedConstraintIsInvalid) {
  auto db = open(1);
  const auto insert_one = [](Connection& connection) {
    return connection.query("INSERT INTO t (id) VALUES (1)").run();
  };
  ASSERT_TRUE(db->transaction(insert_one));
  const auto again = db->transaction(insert_one);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::invalid);
}

TEST_F(SqliteDatabase, AReaderCannotWrite) {
  auto db = open(1);
  auto lease = db->read();
  EXPECT_FALSE(lease->query("DELETE FROM t").run());
}

TEST_F(SqliteDatabase, ReadersReadWhileATransactionIsOpen) {
  auto db = open(1);
  ASSERT_TRUE(db->transaction([&](Connection& connection) -> Result<void> {
    EXPECT_TRUE(insert(connection, 10));
    EXPECT_EQ(count(*db), 0) << "uncommitted rows are not visible";
    return {};
  }));
  EXPECT_EQ(count(*db), 1);
}

TEST_F(SqliteDatabase, MoreReadersThanConnectionsTakeTurns) {
  auto db = open(2);
  ASSERT_TRUE(db->transaction([](Connection& connection) { return insert(connection, 10); }));
  std::vector<std::jthread> threads;
  std::atomic<int> correct = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) correct += count(*db) == 1 ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(correct, 800);
}

/// Without checkpoints the log would have the size of everything ever written.
TEST_F(SqliteDatabase, TheCheckpointerKeepsTheLogShort) {
  auto db = open(1, {.passive_bytes = 256 << 10, .restart_bytes = 1 << 20});
  constexpr int64_t kWritten = 64 << 20;
  for (int64_t bytes = 0; bytes < kWritten; bytes += 128 << 10) {
    ASSERT_TRUE(db->transaction([](Connection& connection) { return insert(connection, 128 << 10); }));
  }
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), kWritten / 2);
}

TEST_F(SqliteDatabase, ALongReaderDoesNotBlockTheWriter) {
  auto db = open(2, {.passive_bytes = 64 << 10, .restart_bytes = 128 << 10});
  ASSERT_TRUE(db->transaction([](Connection& connection) { return insert(connection, 10); }));
  auto lease = db->read();
  Query snapshot = lease->query("SELECT x FROM t");
  ASSERT_TRUE(snapshot.step());  // an open read transaction
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(db->transaction([](Connection& connection) { return insert(connection, 32 << 10); }));
  }
  EXPECT_EQ(count(*db), 51);
}

}  // namespace
}  // namespace vf::store::sqlite
