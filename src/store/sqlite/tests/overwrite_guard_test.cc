// Another program writes over the database's file in place, which keeps the inode: nothing is acknowledged then, no
// checkpoint adds to the damage, and a restart uses what the file holds. What other programs may do raises no alarm:
// other SQLite processes that write and make checkpoints, readers, programs that change mode or times. Oracle: a store
// opened on the same path later, and SQLite's integrity check.
#include "store/sqlite/overwrite_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "store/sqlite/database.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr Instant kNow{Millis{1'790'000'000'000}};

std::unique_ptr<OutboxStore> open(const std::string& path) {
  auto store = open_outbox({.path = path, .now = kNow, .readers = 1});
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

Result<std::vector<WriteResult>> add(OutboxStore& store, uint8_t n, size_t bytes = 2) {
  AddEvent event;
  event.event.id.bytes[0] = n;
  event.event.time = kNow;
  event.event.body = std::string(bytes, '1');
  const Write write = event;
  return store.write(std::span(&write, 1), kNow, nullptr);
}

std::vector<int> kept(OutboxStore& store) {
  std::vector<int> numbers;
  const auto rows = store.read_after({.after = {}});
  EXPECT_TRUE(rows);
  for (const OutboxRow& row : rows.value_or(std::vector<OutboxRow>{})) numbers.push_back(row.event.id.bytes[0]);
  return numbers;
}

void expect_refused(OutboxStore& store, const std::string& file) {
  const auto alive = store.ping();
  ASSERT_FALSE(alive);
  EXPECT_THAT(alive.error().message, testing::StartsWith(file + " was overwritten")) << "/readyz names the file first";
  const auto written = add(store, 99);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::unavailable);
}

void expect_whole(const std::string& path) {
  auto db = Connection::open({.path = path, .read_only = true});
  ASSERT_TRUE(db);
  Query check = db->query("PRAGMA integrity_check");
  ASSERT_TRUE(check.step());
  EXPECT_EQ(check.text_at(0), "ok");
}

/// Copies the database as `.backup` does.
void back_up(const std::string& path, const std::string& copy) {
  auto from = Connection::open({.path = path});
  ASSERT_TRUE(from && from->run("VACUUM INTO '" + copy + "'"));
}

/// As `cp` does: the file keeps its inode.
void write_over(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Overwritten : public testing::Test {
 protected:
  /// Five events are in the database's file, five more in its log.
  void fill() {
    for (uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(add(*store_, n));
    store_.reset();
    store_ = open(path_);
    for (uint8_t n = 6; n <= 10; ++n) ASSERT_TRUE(add(*store_, n));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("dm.db");
  std::string backup_ = folder_.file("backup.db");
  std::unique_ptr<OutboxStore> store_ = open(path_);
};

TEST_F(Overwritten, ByAnOlderCopyGivesNoAcknowledgementAndARestartUsesTheCopyUnharmed) {
  back_up(path_, backup_);
  fill();
  write_over(path_, content_of(backup_));
  EXPECT_FALSE(add(*store_, 99)) << "the first write already";
  expect_refused(*store_, path_);
  EXPECT_THAT(store_->ping().error().message, HasSubstr("is kept as " + path_ + "-wal.kept"));
  EXPECT_TRUE(fs::exists(path_ + "-wal.kept"));
  store_.reset();
  EXPECT_EQ(content_of(path_), content_of(backup_)) << "no checkpoint was made";
  store_ = open(path_);
  EXPECT_THAT(kept(*store_), testing::IsEmpty());
  EXPECT_TRUE(add(*store_, 1));
  expect_whole(path_);
}

// A few small events change nothing in the header of the first page but the generation.
TEST_F(Overwritten, ByACopyThatLacksOneSmallEventIsFound) {
  ASSERT_TRUE(add(*store_, 1));
  store_.reset();
  fs::copy_file(path_, backup_);
  store_ = open(path_);
  ASSERT_TRUE(add(*store_, 2));
  store_.reset();
  EXPECT_EQ(fs::file_size(path_), fs::file_size(backup_));
  store_ = open(path_);
  write_over(path_, content_of(backup_));
  expect_refused(*store_, path_);
  store_.reset();
  EXPECT_THAT(kept(*open(path_)), testing::ElementsAre(1));
  expect_whole(path_);
}

TEST_F(Overwritten, ByACopyThatTheLogCompletesLosesNothing) {
  fill();
  back_up(path_, backup_);
  for (uint8_t n = 11; n <= 15; ++n) ASSERT_TRUE(add(*store_, n));
  write_over(path_, content_of(backup_));
  expect_refused(*store_, path_);
  store_.reset();
  EXPECT_THAT(kept(*open(path_)), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  expect_whole(path_);
}

TEST_F(Overwritten, WhileTheCopyIsUnderWayIsFoundAndTheLogKeptWhenItIsDone) {
  back_up(path_, backup_);
  fill();
  write_over(path_, "");
  expect_refused(*store_, path_);
  EXPECT_TRUE(fs::exists(path_ + "-wal"));
  write_over(path_, content_of(backup_));
  expect_refused(*store_, path_);
  EXPECT_FALSE(fs::exists(path_ + "-wal"));
  store_.reset();
  EXPECT_THAT(kept(*open(path_)), testing::IsEmpty());
}

TEST_F(Overwritten, AKeptLogReplacesNoOther) {
  back_up(path_, backup_);
  for (int i = 0; i < 2; ++i) {
    store_.reset();
    store_ = open(path_);
    ASSERT_TRUE(add(*store_, 1));
    write_over(path_, content_of(backup_));
    expect_refused(*store_, path_);
  }
  EXPECT_TRUE(fs::exists(path_ + "-wal.kept"));
  EXPECT_TRUE(fs::exists(path_ + "-wal.kept-2"));
}

TEST_F(Overwritten, CutOrFilledWithSomethingElseIsFound) {
  const std::string whole = content_of(path_);
  for (const std::string& content : {std::string(), whole.substr(0, whole.size() / 2), whole.substr(0, 50),
                                     std::string(whole.size(), '\0'), std::string(whole.size(), 'x'), whole + "x"}) {
    const TemporaryFolder folder;
    const std::string path = folder.file("dm.db");
    auto store = open(path);
    ASSERT_TRUE(add(*store, 1));
    store.reset();
    store = open(path);
    ASSERT_TRUE(add(*store, 2));
    write_over(path, content);
    EXPECT_FALSE(add(*store, 98)) << content.size();
    expect_refused(*store, path);
    store.reset();
    EXPECT_EQ(content_of(path), content) << "no checkpoint was made";
  }
}

TEST_F(Overwritten, IsNoLongerAllowedOnceItWas) {
  fill();
  const std::string whole = content_of(path_);
  write_over(path_, "");
  expect_refused(*store_, path_);
  write_over(path_, whole);
  expect_refused(*store_, path_);
  store_.reset();
  EXPECT_THAT(kept(*open(path_)), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) << "the log was left beside it";
}

TEST_F(Overwritten, ByNoneOfWhatOtherProgramsMayDo) {
  fill();
  fs::permissions(path_, fs::perms{0640});
  fs::last_write_time(path_, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(store_->ping());
  for (const char* sql : {"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM",
                          "PRAGMA wal_checkpoint(RESTART)", "CREATE TABLE other (x)", "PRAGMA wal_checkpoint(FULL)"}) {
    ASSERT_TRUE(Connection::open({.path = path_})->run(sql)) << sql;
    EXPECT_TRUE(store_->ping()) << sql;
    EXPECT_TRUE(add(*store_, 11)) << sql;
    EXPECT_TRUE(store_->ping()) << sql;
  }
  back_up(path_, backup_);
  EXPECT_TRUE(store_->ping());
}

constexpr Migration kSchema[] = {
    {1, "0001_test", "aa", "CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB); CREATE TABLE _probe (filler BLOB);"}};

constexpr Checkpointer::Limits kOften{.passive_bytes = 64 << 10, .restart_bytes = 256 << 10};

std::unique_ptr<Database> open_database(const std::string& path, const Checkpointer::Limits& limits = {}) {
  auto db = Database::open({.path = path,
                            .migrations = kSchema,
                            .target = {.database = "test.db", .command = "vf migrate dm"},
                            .now = {},
                            .readers = 1,
                            .checkpoints = limits});
  EXPECT_TRUE(db) << db.error().message;
  return db ? std::move(*db) : nullptr;
}

Result<void> insert(Connection& db) { return db.query("INSERT INTO t (x) VALUES (randomblob(20000))").run(); }

// As `vf api` and `vf worker` on one file, and a third program that makes checkpoints at any time.
TEST(SharedDatabase, CheckpointsOfEachOtherRaiseNoAlarm) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  const auto first = open_database(path, kOften);
  const auto second = open_database(path, kOften);
  std::atomic<int> alarms = 0;
  const auto count = [&alarms](const Result<void>& done) {  // a busy database may refuse, too
    if (!done && done.error().message.contains("overwritten")) ++alarms;
  };
  std::vector<std::jthread> threads;
  for (Database* db : {first.get(), second.get()}) {
    threads.emplace_back([db, &count] {
      for (int n = 0; n < 200; ++n) {
        count(db->transaction(insert));
        count(db->ping());
      }
    });
  }
  threads.emplace_back([&path] {
    auto other = Connection::open({.path = path});
    for (int n = 0; n < 50; ++n) (void)other->run(n % 2 == 0 ? "PRAGMA wal_checkpoint" : "PRAGMA wal_checkpoint(FULL)");
  });
  threads.clear();
  EXPECT_EQ(alarms, 0);
  expect_whole(path);
}

TEST(SharedDatabase, BothFindThatItWasOverwritten) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  const auto first = open_database(path);
  const auto second = open_database(path);
  back_up(path, folder.file("backup.db"));
  const auto third = open_database(path);
  ASSERT_TRUE(first->transaction(insert));
  write_over(path, content_of(folder.file("backup.db")));
  for (Database* db : {first.get(), second.get(), third.get()}) {
    EXPECT_FALSE(db->ping());
    EXPECT_FALSE(db->transaction(insert));
  }
}

TEST(SharedDatabase, AnOlderGenerationAfterACheckpointOfAnotherIsFound) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  open_database(path).reset();
  const std::string older = content_of(path);
  const auto db = open_database(path);
  ASSERT_TRUE(db->transaction(insert));
  ASSERT_TRUE(Connection::open({.path = path})->run("PRAGMA wal_checkpoint"));
  write_over(path, older);
  EXPECT_FALSE(db->ping());
  EXPECT_TRUE(fs::exists(path + "-wal")) << "the file may hold a part of it";
}

TEST(Generation, IsCountedUpBeforeEachCheckpoint) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  const auto generation = [&path] {
    const std::string header = content_of(path).substr(60, 4);
    return static_cast<uint8_t>(header[2]) << 8 | static_cast<uint8_t>(header[3]);
  };
  const auto db = open_database(path, kOften);
  int last = generation();
  EXPECT_EQ(last, 1) << "the start's";
  for (int n = 0; n < 3; ++n) {
    while (generation() == last) ASSERT_TRUE(db->transaction(insert));
    EXPECT_GT(generation(), last);
    last = generation();
  }
}

TEST(Generation, GoesOnAfterTheLargestNumber) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  auto db = open_database(path);
  ASSERT_TRUE(Connection::open({.path = path})->run("PRAGMA user_version=2147483647; PRAGMA wal_checkpoint(TRUNCATE)"));
  back_up(path, folder.file("backup.db"));
  db.reset();
  db = open_database(path);
  {
    auto lease = db->read();
    Query version = lease->query("PRAGMA user_version");
    ASSERT_TRUE(version.step());
    EXPECT_EQ(version.integer_at(0), std::numeric_limits<int32_t>::min());
  }
  write_over(path, content_of(folder.file("backup.db")));
  EXPECT_THAT(db->ping().error().message, HasSubstr("is kept as")) << "the copy is the older one";
}

// The header of the first page stays, so only reading finds it.
TEST(DamagedPages, NothingIsAcknowledgedWhileTheHealthCheckSaysDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.file("test.db");
  open_database(path).reset();
  const auto db = open_database(path);
  const std::string whole = content_of(path);
  const auto put = [&](const std::string& content) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file << content;
  };
  put(whole.substr(0, 100) + std::string(whole.size() - 100, '\0'));
  const auto alive = db->ping();
  ASSERT_FALSE(alive);
  EXPECT_THAT(alive.error().message, HasSubstr(path + " is damaged"));
  const auto written = db->transaction(insert);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::unavailable);
  EXPECT_FALSE(db->ping());
  put(whole);
  const auto recovered = db->transaction(insert);
  EXPECT_TRUE(recovered) << "the storage has recovered: " << recovered.error().message;
  EXPECT_TRUE(db->ping());
}

TEST(OverwrittenEnvironment, AppliesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("stage.db");
  auto store = open_environment({.path = path, .environment = "stage", .tables = {}, .now = kNow});
  ASSERT_TRUE(store);
  write_over(path, "");
  Projection one;
  const auto applied = (*store)->apply(std::span(&one, 1), kNow, nullptr);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Code::unavailable);
  EXPECT_THAT((*store)->ping().error().message, HasSubstr(path + " was overwritten"));
}

}  // namespace
}  // namespace vf::store::sqlite
