// The open files of a database are deleted, moved or replaced: nothing is acknowledged then, nothing acknowledged
// before is lost as long as the database itself exists, and writing resumes when the files are back. The lock holds
// for every name of a file. Files are private. Oracle: a store opened on the same paths later, and stat().
#include "store/sqlite/database_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "store/sqlite/connection.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr Instant kNow{Millis{1'790'000'000'000}};

Write event(uint8_t n) {
  AddEvent add;
  add.event.id.bytes[0] = n;
  add.event.time = kNow;
  add.event.body = "{}";
  return add;
}

std::unique_ptr<OutboxStore> open(const std::string& path) {
  auto store = open_outbox({.path = path, .now = kNow, .readers = 1});
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

std::vector<int> kept(OutboxStore& store) {
  std::vector<int> numbers;
  const auto rows = store.read_after({.after = {}});
  EXPECT_TRUE(rows);
  for (const OutboxRow& row : rows.value_or(std::vector<OutboxRow>{})) numbers.push_back(row.event.id.bytes[0]);
  return numbers;
}

Result<std::vector<WriteResult>> add(OutboxStore& store, uint8_t n) {
  const Write write = event(n);
  return store.write(std::span(&write, 1), kNow, nullptr);
}

void expect_refused(OutboxStore& store, const std::string& file) {
  const auto written = add(store, 99);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::unavailable);
  EXPECT_THAT(written.error().message, HasSubstr(file + " "));
  const auto alive = store.ping();
  ASSERT_FALSE(alive);
  EXPECT_EQ(alive.error().code, Code::unavailable);
  EXPECT_THAT(alive.error().message, testing::StartsWith(file + " ")) << "/readyz names the file first";
}

/// Parameter: the suffix of the file that is lost.
class LostFile : public testing::TestWithParam<const char*> {
 protected:
  bool is_database() const { return std::string_view(GetParam()).empty(); }
  void replace() const {
    fs::copy_file(file_, file_ + ".copy");
    fs::rename(file_ + ".copy", file_);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("dm.db");
  std::string file_ = path_ + GetParam();
  std::unique_ptr<OutboxStore> store_ = open(path_);
};

TEST_P(LostFile, NothingIsAcknowledgedAfterItWasDeleted) {
  ASSERT_TRUE(add(*store_, 1));
  fs::remove(file_);
  EXPECT_FALSE(add(*store_, 2)) << "the first write already";
  expect_refused(*store_, file_);
  EXPECT_EQ(kept(*store_).front(), 1) << "what is open can be read, so delivery goes on";
}

TEST_P(LostFile, TheHealthCheckFindsItWithoutAWrite) {
  fs::remove(file_);
  EXPECT_THAT(store_->ping().error().message, HasSubstr(file_ + " was moved or deleted"));
}

TEST_P(LostFile, NothingIsAcknowledgedAfterItWasReplaced) {
  ASSERT_TRUE(add(*store_, 1));
  replace();
  expect_refused(*store_, file_);
}

TEST_P(LostFile, WritingResumesWhenItIsBack) {
  ASSERT_TRUE(add(*store_, 1));
  fs::rename(file_, folder_.file("elsewhere"));
  expect_refused(*store_, file_);
  fs::rename(folder_.file("elsewhere"), file_);
  EXPECT_TRUE(store_->ping());
  EXPECT_TRUE(add(*store_, 3));
  store_.reset();
  const auto numbers = kept(*open(path_));
  EXPECT_THAT(numbers, testing::AllOf(testing::Contains(1), testing::Contains(3)));
}

// The first refusal copies the log into the database, so that a kill afterwards loses nothing. The copy of the files
// stands for what a killed process leaves behind.
TEST_P(LostFile, WhatWasAcknowledgedIsInTheDatabaseWhereverItIs) {
  for (uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(add(*store_, n));
  fs::rename(file_, folder_.file("elsewhere"));
  EXPECT_FALSE(store_->ping());
  const std::string left = folder_.file("left.db");
  fs::copy_file(is_database() ? folder_.file("elsewhere") : path_, left);
  EXPECT_THAT(kept(*open(left)), testing::ElementsAre(1, 2, 3, 4, 5));
}

INSTANTIATE_TEST_SUITE_P(Each, LostFile, testing::Values("", "-wal", "-shm"), [](const auto& info) {
  return *info.param == '\0' ? std::string("Database") : std::string(info.param + 1);
});

// The log of the database that was open must not be applied to the one that takes its place.
TEST(ReplacedDatabase, ARestartUsesTheNewFileUnharmed) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  auto store = open(path);
  ASSERT_TRUE(add(*store, 1));
  store.reset();
  fs::copy_file(path, folder.file("backup.db"));
  store = open(path);
  for (uint8_t n = 2; n <= 9; ++n) ASSERT_TRUE(add(*store, n));
  fs::rename(folder.file("backup.db"), path);
  EXPECT_FALSE(store->ping());
  store.reset();
  store = open(path);
  EXPECT_THAT(kept(*store), testing::ElementsAre(1));
  EXPECT_TRUE(add(*store, 2));
}

TEST(LostFolder, AMovedFolderIsFoundAndItsReturnToo) {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("data"));
  auto store = open(folder.file("data/dm.db"));
  fs::rename(folder.file("data"), folder.file("moved"));
  expect_refused(*store, folder.file("data/dm.db"));
  fs::create_symlink(folder.file("moved"), folder.file("data"));
  EXPECT_TRUE(add(*store, 1)) << "the same files, by another way";
}

TEST(LostLink, ASymbolicLinkThatLeadsElsewhereIsFound) {
  const TemporaryFolder folder;
  fs::create_symlink(folder.file("one.db"), folder.file("dm.db"));
  auto store = open(folder.file("dm.db"));
  ASSERT_TRUE(add(*store, 1));
  std::ofstream(folder.file("two.db")).flush();
  fs::remove(folder.file("dm.db"));
  fs::create_symlink(folder.file("two.db"), folder.file("dm.db"));
  expect_refused(*store, folder.file("dm.db"));
}

// SQLite follows the link at the next start, and looks for the log beside the file that it leads to.
TEST(LostLink, ALinkInTheFilesPlaceIsAnotherFile) {
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    const TemporaryFolder folder;
    const std::string path = folder.file("dm.db");
    auto store = open(path);
    for (uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(add(*store, n));
    fs::rename(path + suffix, folder.file("real.db") + suffix);
    fs::create_symlink(folder.file("real.db") + suffix, path + suffix);
    expect_refused(*store, path + suffix);
    if (!suffix.empty()) continue;
    fs::copy_file(folder.file("real.db"), folder.file("left.db"));  // what a kill would leave
    EXPECT_THAT(kept(*open(folder.file("left.db"))), testing::IsSupersetOf({1, 2, 3, 4, 5}));
  }
}

class CutLog : public testing::TestWithParam<int> {};

// Parameter: the part of the log, in percent, that is left.
TEST_P(CutLog, NothingIsAcknowledgedAndTheDatabaseStaysWhole) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  auto store = open(path);
  ASSERT_TRUE(add(*store, 1));
  store.reset();  // a checkpoint
  store = open(path);
  for (uint8_t n = 2; n <= 40; ++n) ASSERT_TRUE(add(*store, n));
  const auto size = fs::file_size(path + "-wal");
  fs::resize_file(path + "-wal", size * static_cast<uintmax_t>(GetParam()) / 100);
  expect_refused(*store, path + "-wal");
  expect_refused(*store, path + "-wal");
  fs::resize_file(path + "-wal", size);
  expect_refused(*store, path + "-wal");  // what was in it is lost
  store.reset();
  store = open(path);
  ASSERT_TRUE(store);
  EXPECT_THAT(kept(*store), testing::Contains(1));
  EXPECT_TRUE(add(*store, 50));
}

INSTANTIATE_TEST_SUITE_P(Percent, CutLog, testing::Values(0, 50, 99));

// Backup tools may do this: what was in the log is in the database then.
TEST(CutLogs, ACheckpointOfAnotherProgramCutsNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  auto store = open(path);
  for (uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(add(*store, n));
  ASSERT_TRUE(Connection::open({.path = path})->run("PRAGMA wal_checkpoint(TRUNCATE)"));
  EXPECT_EQ(fs::file_size(path + "-wal"), 0u);
  EXPECT_TRUE(store->ping());
  EXPECT_TRUE(add(*store, 6));
  EXPECT_THAT(kept(*store), testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(LostEnvironment, AppliesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("stage.db");
  const auto open_stage = [&path] {
    auto store = open_environment({.path = path, .environment = "stage", .tables = {}, .now = kNow});
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  };
  const auto projection = [](uint8_t n) {
    Projection one;
    one.event_id.bytes[0] = n;
    return one;
  };
  auto store = open_stage();
  const Projection before = projection(1);
  ASSERT_TRUE(store->apply(std::span(&before, 1), kNow, nullptr));
  fs::rename(path, folder.file("elsewhere"));
  const Projection meanwhile = projection(2);
  const auto applied = store->apply(std::span(&meanwhile, 1), kNow, nullptr);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Code::unavailable);
  EXPECT_THAT(store->ping().error().message, HasSubstr(path + " was moved or deleted"));
  EXPECT_FALSE(store->purge({.processed_before = kNow, .quarantined_before = kNow, .rows_max = 1}));
  fs::rename(folder.file("elsewhere"), path);
  const Projection after = projection(3);
  EXPECT_TRUE(store->apply(std::span(&after, 1), kNow, nullptr));
  store.reset();
  store = open_stage();
  EXPECT_TRUE(*store->processed(before.event_id));
  EXPECT_TRUE(*store->processed(after.event_id));
}

/// Expects that the database is in use under the name `other`.
void expect_in_use(const std::string& other) {
  const auto second = open_outbox({.path = other, .now = kNow});
  ASSERT_FALSE(second) << other;
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("in use by"));
}

TEST(LockOnTheFile, HoldsForEveryName) {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("data"));
  const std::string path = folder.file("data/dm.db");
  auto store = open(path);
  expect_in_use(folder.file("data/../data/dm.db"));
  expect_in_use(fs::relative(path));
  fs::create_symlink(path, folder.file("link.db"));
  expect_in_use(folder.file("link.db"));
  fs::create_directory_symlink(folder.file("data"), folder.file("folder"));
  expect_in_use(folder.file("folder/dm.db"));
  fs::create_hard_link(path, folder.file("hard.db"));
  expect_in_use(folder.file("hard.db"));
  EXPECT_TRUE(add(*store, 1)) << "the refused ones have not ended the locks of the first";
}

TEST(LockOnTheFile, HoldsWhereTheFileWasMoved) {
  const TemporaryFolder folder;
  auto store = open(folder.file("dm.db"));
  fs::rename(folder.file("dm.db"), folder.file("moved.db"));
  expect_in_use(folder.file("moved.db"));
  store.reset();
  EXPECT_TRUE(open_outbox({.path = folder.file("moved.db"), .now = kNow})) << "the lock ends with its owner";
}

TEST(LockOnTheFile, ASecondNameIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  ASSERT_TRUE(add(*open(path), 1));
  fs::create_hard_link(path, folder.file("hard.db"));
  const auto refused = open_outbox({.path = path, .now = kNow});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("has 2 names (hard links)"));
  fs::remove(folder.file("hard.db"));
  EXPECT_THAT(kept(*open(path)), testing::ElementsAre(1));
}

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

/// Sets the umask until the end of the scope.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

TEST(PrivateFiles, HaveMode0600WhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0277}}) {
    const Umask umask(mask);
    const TemporaryFolder folder;
    fs::permissions(folder.file(""), fs::perms::owner_all | fs::perms::group_all | fs::perms::others_all);
    auto store = open(folder.file("dm.db"));
    ASSERT_TRUE(add(*store, 1));
    for (const char* suffix : {"", "-wal", "-shm", ".lock"})
      EXPECT_EQ(mode_of(folder.file("dm.db") + suffix), 0600u) << suffix << " with umask " << mask;
  }
}

TEST(PrivateFiles, ADeviceKeepsItsMode) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::permissions(pipe, fs::perms{0666});
  make_private(pipe);
  EXPECT_EQ(mode_of(pipe), 0666u);
}

TEST(PrivateFiles, FilesOfAnOlderHubAreNarrowedOnOpening) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  ASSERT_TRUE(add(*open(path), 1));
  for (const char* suffix : {"", ".lock"}) fs::permissions(path + suffix, fs::perms{0644});
  const auto store = open(path);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode_of(path + suffix), 0600u) << suffix;
}

}  // namespace
}  // namespace vf::store::sqlite
